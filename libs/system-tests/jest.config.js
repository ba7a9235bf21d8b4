import preset from '../../jest.preset.js';
export default {
  ...preset,
  rootDir: import.meta.dirname,
  displayName: 'system-tests',
  // A recovery that does not come is named by its own wait, which is shorter than this.
  testTimeout: 120_000,
  globalSetup: '../../tools/test-setup.mjs',
  globalTeardown: '../../tools/test-teardown.mjs',
};
