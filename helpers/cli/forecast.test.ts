import { expect, test } from 'vitest';
import { Forecast } from './forecast.ts';

const STEPS = ['restart', 'reboot', 'down-volumes'];

test('a first run knows nothing until a step has ended; then it takes the others for one like it', () => {
  const forecast = new Forecast();
  expect(forecast.left(STEPS, 500)).toBeNull();
  forecast.learn(1000);
  expect(forecast.left(STEPS.slice(1), 400)).toBe(1600);
  forecast.learn(3000);
  expect(forecast.left(STEPS.slice(2), 0)).toBe(2000);
});

test('an earlier run tells what each of its steps took, and nothing of one it did not have', () => {
  const forecast = new Forecast(
    new Map([
      ['restart', 1000],
      ['reboot', 9000],
    ]),
  );
  expect(forecast.left(STEPS.slice(0, 2), 250)).toBe(9750);
  expect(forecast.left(STEPS, 250)).toBeNull();
  forecast.learn(2000);
  expect(forecast.left(STEPS.slice(1), 0)).toBe(11_000);
});

test('a step that takes longer than foreseen takes nothing from the rest', () => {
  const forecast = new Forecast(new Map(STEPS.map((step) => [step, 1000])));
  expect(forecast.left(STEPS, 60_000)).toBe(2000);
});
