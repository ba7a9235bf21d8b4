export type { Period, YearMonth } from './calendar-month.ts';
export { calendarMonth, monthOf, monthStart } from './calendar-month.ts';
export type { CalendarUnit } from './calendar-period.ts';
export { calendarPeriod, calendarPeriodFrom, calendarUnitOf } from './calendar-period.ts';
export { baseTier, creditPeriod, freeCredits, proCredits, tokensPerCredit, tokensPerRequest } from './credit-tiers.ts';
export { amountFromStripe, currencyCodes, currencyExponent, decimalAmount, stripeAmount } from './currencies.ts';
export { defaultPricePlanContent, parsePricePlan, priceMax } from './parse-price-plan.ts';
export { dayIn, localInstant, parsePeriod, periodSince } from './period.ts';
export type { PricePlan } from './price-plan.ts';
export { defaultPricePlan, overageBlocks, tierLabel } from './price-plan.ts';
export type { MeterRates, Rate, RateCard, Rated, RatedStep, RatedUsage } from './rate-card.ts';
export { countUsage, defaultRateCardContent, parsePercent, parseRateCard, rateUsage } from './rate-card.ts';
export { isTimeZone, timeZoneMessage } from './time-zone.ts';
export type { QuantityClass, UsageFault, UsageInputs } from './usage.ts';
export {
  answerClasses,
  countedQuantities,
  countedUnits,
  isQuantityClass,
  modelMeter,
  otherClasses,
  promptClasses,
  quantitiesOf,
  quantityClasses,
  quantityFault,
  readUsage,
  requestMeter,
  usageLabels,
} from './usage.ts';
