import preset from '../../jest.preset.js';

/** What takes about half of the time; the other half is the rest, so that every spec is in one of them. */
const first = '/(distributed|import|month|reconcile|time)\\.int\\.spec\\.ts$';
const halves = {
  first: { testRegex: [first], testMatch: undefined },
  second: { testPathIgnorePatterns: [...(preset.testPathIgnorePatterns ?? ['/node_modules/']), first] },
};

export default {
  ...preset,
  rootDir: import.meta.dirname,
  displayName: 'system-tests',
  // A recovery that does not come is named by its own wait, which is shorter than this.
  testTimeout: 120_000,
  globalSetup: '../../tools/test-setup.mjs',
  globalTeardown: '../../tools/test-teardown.mjs',
  ...halves[process.env.SPECS_HALF],
};
