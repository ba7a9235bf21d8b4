// at: services/quota/src/index.ts
// refused by: no-restricted-exports
export default 1;
