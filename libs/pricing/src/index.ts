export { baseTier, creditPeriod, freeCredits, proCredits, tokensPerCredit, tokensPerRequest } from './credit-tiers.ts';
export { defaultRateCardContent, parsePercent, parseRateCard, rateUsage, usageLabels } from './rate-card.ts';
export type { MeterRates, Rate, RateCard, Rated, RatedStep } from './rate-card.ts';
export { defaultPricePlan, overageBlocks, tierLabel } from './price-plan.ts';
export type { PricePlan } from './price-plan.ts';
export { calendarMonth, monthOf, monthStart, parseDuration, periodSince } from './period.ts';
export type { Period, YearMonth } from './period.ts';
export { defaultPricePlanContent, parsePricePlan } from './parse-price-plan.ts';
export { amountFromStripe, currencyExponent, decimalAmount, stripeAmount } from './currencies.ts';
