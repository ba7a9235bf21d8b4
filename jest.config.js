export default { projects: ['<rootDir>/services/*/jest.config.js', '<rootDir>/libs/*/jest.config.js'] };
