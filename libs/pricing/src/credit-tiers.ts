/**
 * What a credit is worth and what each tier gets a period (surfaces §4). The base tier is where an ended one falls back
 * to.
 */
export const tokensPerCredit = 2_000;
export const tokensPerRequest = 2_000;
export const baseTier = 'free';
export const freeCredits = 5n;
export const proCredits = 100n;
/** Days between two monthly resets, as an ISO 8601 duration. */
export const creditPeriod = 'P30D';
