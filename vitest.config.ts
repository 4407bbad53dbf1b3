import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['helpers/**/*.test.ts', 'reports/**/*.test.ts', 'compose/**/*.test.ts'],
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
