import preset from '../../jest.preset.js';
export default {
  ...preset,
  rootDir: import.meta.dirname,
  displayName: 'gateway',
  globalSetup: '../../tools/test-setup.mjs',
  globalTeardown: '../../tools/test-teardown.mjs',
};
