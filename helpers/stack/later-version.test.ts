import { expect, test } from 'vitest';
import { OutlastError } from '../errors.ts';
import { inWords, laterVersionOf, laterVersions } from './later-version.ts';

const model = {
  name: 'shop',
  services: {
    db: { image: 'db:1' },
    app: { image: 'app', build: { context: '.', args: { RELEASE: '1', BASE: 'b' } } },
  },
};
const config = (rebuild: NonNullable<Parameters<typeof laterVersions>[1]>['rebuild']) => ({
  rebuild,
  fault: (path: readonly (string | number)[], message: string) =>
    new OutlastError('CONFIG_INVALID', `${path.join('.')}: ${message}`),
});

test('another tag, or arguments in the place of those that the file has', () => {
  expect(laterVersionOf(model.services.db, { image: 'db:2' })).toEqual({ image: 'db:2' });
  expect(laterVersionOf(model.services.app, { args: { RELEASE: '2', NEW: 'n' } })).toEqual({
    image: 'app',
    build: { context: '.', args: { RELEASE: '2', BASE: 'b', NEW: 'n' } },
  });
});

test('values of arguments are not told', () => {
  expect(inWords('db', { image: 'db:2' })).toBe('db: db:2');
  expect(inWords('app', { args: { RELEASE: 'secret', NEW: 'n' } })).toBe('app: other RELEASE, NEW');
});

test('none without a configuration', () => {
  expect([...laterVersions(model, null)]).toEqual([]);
  expect([...laterVersions(model, config({ db: { image: 'db:2' } }))]).toEqual([['db', { image: 'db:2' }]]);
});

test.for([
  [
    'a service that is not there',
    { cache: { image: 'c' } },
    'rebuild.cache: there is no service "cache"; there are db, app',
  ],
  ['a name that every object has', { toString: { image: 'c' } }, 'rebuild.toString: there is no service'],
  ['arguments of what is not built', { db: { args: { A: '1' } } }, 'rebuild.db.args: "db" is not built here'],
  ['an image of what is built', { app: { image: 'app:2' } }, 'rebuild.app.image: "app" is built here'],
] as const)('%s is CONFIG_INVALID', ([, rebuild, message]) => {
  expect(() => laterVersions(model, config({ ...rebuild }))).toThrow(message);
});
