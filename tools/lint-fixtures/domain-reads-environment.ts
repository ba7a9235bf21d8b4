// at: services/billing/src/domain/catalog-version.ts
// refused by: no-restricted-globals
export const name = process.env['NAME'];
