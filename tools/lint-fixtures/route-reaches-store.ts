// at: services/gateway/src/credits/routes/usage.controller.ts
// refused by: no-restricted-syntax
type Credits = { readonly store: { find(id: string): unknown } };

export const found = (credits: Credits, id: string): unknown => credits.store.find(id);
