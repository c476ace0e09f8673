import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/property-seed.ts'],
    // For what hangs, not for what is slow: a busy machine takes ten times as long as a quiet one.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // Files share two cores with the servers that they start: more workers only add waiting.
    maxWorkers: 2,
    // Through vite's own module runner `graphql` would be loaded twice, once as a module of its own and once inlined, and
    // refuse to work with itself ("another module or realm"). Node runs TypeScript as it is, so nothing is lost.
    experimental: { viteModuleRunner: false },
  },
});
