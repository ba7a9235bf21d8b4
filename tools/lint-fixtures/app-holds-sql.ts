// at: services/billing/src/charges/app/charging.ts
// refused by: no-restricted-syntax
export const dueCharges = 'select id from billing.charges where next_try_at <= now()';
