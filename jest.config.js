/**
 * Every project in one jest process. The time-out is global to jest: real servers are started, killed and waited for.
 */
export default {
  testTimeout: 180_000,
  projects: ['<rootDir>/services/*/jest.config.js', '<rootDir>/libs/*/jest.config.js'],
};
