import { defineConfig } from 'vitest/config';
import { DISRUPTIONS } from './helpers/disruptions/catalogue.ts';

/** One worker keeps one host for all files; a retry would hide what the first attempt lost. */
const onOneHost = {
  globalSetup: './fixtures/global-setup.ts',
  maxWorkers: 1,
  isolate: false,
  retry: 0,
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    reporters: [
      'default',
      ['./reports/vitest-reporter.ts', { watched: DISRUPTIONS.map(({ id }) => `suites/${id}.spec.ts`) }],
    ],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['helpers/**/*.test.ts', 'reports/**/*.test.ts', 'compose/**/*.test.ts', 'fixtures/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
          // The reference app's tests start real processes, on a machine that may be busy.
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['reports/**/*.browser.test.ts'],
          globalSetup: './fixtures/chromium.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { name: 'stacks', include: ['suites/*.spec.ts'], ...onOneHost, sequence: { groupOrder: 2 } } },
      { test: { name: 'guide', include: ['suites/guide/*.spec.ts'], ...onOneHost, sequence: { groupOrder: 3 } } },
      // Looks at what the suites have handed over.
      { test: { name: 'verdicts', include: ['reports/**/*.spec.ts'], sequence: { groupOrder: 4 } } },
    ],
  },
});
