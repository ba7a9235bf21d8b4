/** What every project's jest configuration starts from: real ESM, sources instead of builds, specs beside the code. */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@tollgate/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', {}] },
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  testTimeout: 180_000,
};
