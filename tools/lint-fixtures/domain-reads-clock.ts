// at: services/billing/src/catalog/domain/catalog-version.ts
// refused by: no-restricted-syntax
export const now = (): number => Date.now();
