import { defineConfig } from 'vitest/config';
import unit from './vitest.config.ts';

const whole = { branches: 100 };

/**
 * Whether the tests reach every branch of what must never lose a commit: `npm run test:coverage`. What only a process that a test starts
 * runs does not count.
 */
export default defineConfig({
  test: {
    ...unit.test,
    include: ['test/embedded/**/*.test.ts', 'test/fault/**/*.test.ts', 'test/golden/**/*.test.ts'],
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['src/embedded/**/*.ts'],
      reporter: ['text', 'json'],
      thresholds: {
        'src/embedded/log/**': whole,
        'src/embedded/snapshot/**': whole,
      },
    },
  },
});
