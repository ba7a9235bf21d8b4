import preset from '../../jest.preset.js';
export default {
  ...preset,
  rootDir: import.meta.dirname,
  displayName: 'quota',
  globalSetup: '../../tools/test-setup.mjs',
  globalTeardown: '../../tools/test-teardown.mjs',
};
