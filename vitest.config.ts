import { defineConfig } from 'vitest/config';
import { HOSTS } from './fixtures/global-setup.ts';
import { MACHINE_HOMES } from './fixtures/machine-homes.ts';
import { DISRUPTIONS } from './helpers/disruptions/catalogue.ts';

/** They look at all that a home has: processes, mounts and runs. */
const MACHINE = ['host', 'interrupt', 'bad-input', 'ambient', 'nested', 'gate', 'package'].map(
  (name) => `suites/${name}.spec.ts`,
);

/** A worker keeps one host for all its files; a retry would hide what the first attempt lost. */
const onHosts = {
  isolate: false,
  retry: 0,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // What it waits for starts on a machine that may be busy.
  expect: { poll: { timeout: 30_000 } },
};

export default defineConfig({
  test: {
    reporters: [
      'default',
      [
        './reports/vitest-reporter.ts',
        { out: 'reports/out', watched: DISRUPTIONS.map(({ id }) => `suites/${id}.spec.ts`) },
      ],
      './reports/tally-reporter.ts',
    ],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['helpers/**/*.test.ts', 'reports/**/*.test.ts', 'compose/**/*.test.ts', 'fixtures/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
          // It imports JSON as only a bundler can.
          server: { deps: { inline: [/@actions/] } },
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
      {
        test: {
          name: 'machine',
          include: MACHINE,
          ...onHosts,
          globalSetup: './fixtures/machine-homes.ts',
          setupFiles: './fixtures/worker-home.ts',
          env: { OUTLAST_MACHINE_HOMES: MACHINE_HOMES },
          maxWorkers: HOSTS,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'stacks',
          include: ['suites/**/*.spec.ts'],
          exclude: MACHINE,
          ...onHosts,
          globalSetup: './fixtures/global-setup.ts',
          maxWorkers: HOSTS,
          sequence: { groupOrder: 3 },
        },
      },
      // Looks at what the suites have handed over.
      { test: { name: 'verdicts', include: ['reports/**/*.spec.ts'], sequence: { groupOrder: 4 } } },
    ],
  },
});
