import preset from '../../jest.preset.js';
export default {
  ...preset,
  rootDir: import.meta.dirname,
  displayName: 'persistence',
  globalSetup: '../../tools/test-setup.mjs',
  globalTeardown: '../../tools/test-teardown.mjs',
};
