import preset from '../../jest.preset.js';
export default {
  ...preset,
  rootDir: import.meta.dirname,
  displayName: 'stripe-simulator',
  globalSetup: '../../tools/test-setup.mjs',
  globalTeardown: '../../tools/test-teardown.mjs',
};
