// at: services/billing/src/catalog/domain/catalog-version.ts
// refused by: no-restricted-globals
export const name = process.env['NAME'];
