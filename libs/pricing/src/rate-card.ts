import { AppError, divCeil, hasAtMost, inAmountRange } from '@tollgate/kernel';

import { countedUnits, modelMeter, refuseUnknown, refuseUnpriced, requestMeter } from './usage.ts';

/** A price per unit of a quantity as an exact fraction: `1/4` is one unit for each four. */
export type Rate = { readonly numerator: bigint; readonly denominator: bigint };

/** How one meter is rated: by model (`*` for any other), each counted quantity with its rate. */
export type MeterRates = {
  readonly rates: ReadonlyMap<string, ReadonlyMap<string, Rate>>;
  /** Every name that a row of the meter rates, whatever the model. */
  readonly names: ReadonlySet<string>;
  /** Whether the profit percentage is added. */
  readonly profit: boolean;
};

/** A published rate card; immutable. `profitBasisPoints`: 2000 is 20 %. */
export type RateCard = { readonly meters: ReadonlyMap<string, MeterRates>; readonly profitBasisPoints: bigint };

/**
 * The rate card in force where none was published: output counts 4 : 1, input is recorded and, as somebody decided,
 * free (surfaces §2).
 */
export const defaultRateCardContent = {
  profit_percent: 0,
  meters: { 'llm.tokens': { rates: { '*': { input_tokens: '0', output_tokens: '1/4' } }, profit: true } },
} as const;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const refuse = (message: string): never => {
  throw new AppError('invalid', 'CATALOG_INVALID', message);
};

/**
 * Reads the content of a rate card: `{ profit_percent?: 0–1000 with up to 2 decimals, meters?: { [type]: { rates: {
 * [model|"*"]: { [quantity]: "n/d" } }, profit? } } }`. Meters that are not named keep their default. A model's row
 * takes `input_tokens` and `output_tokens`, where it does not name them, from the row `*`, and that (of `llm.tokens`)
 * from the built-in card; nothing else is inherited.
 * @throws AppError('invalid', CATALOG_INVALID) naming the member that is wrong.
 */
export function parseRateCard(content: unknown): RateCard {
  if (!isObject(content)) return refuse('a rate card is a JSON object');
  for (const name of Object.keys(content)) {
    if (name !== 'profit_percent' && name !== 'meters') refuse(`a rate card has no member ${name}`);
  }
  const meters = new Map<string, MeterRates>();
  const given = content['meters'] ?? {};
  if (!isObject(given)) return refuse('meters is an object');
  for (const [type, rates] of Object.entries({ ...defaultRateCardContent.meters, ...given }))
    meters.set(type, parseMeter(type, rates));
  return { meters, profitBasisPoints: parsePercent(content['profit_percent'] ?? 0) };
}

/** A percentage as basis points: 20 → 2000n, "12.5" → 1250n. At most 1000 %, two decimals. */
export function parsePercent(value: unknown): bigint {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '';
  const match = /^([0-9]{1,4})(?:\.([0-9]{1,2}))?$/.exec(text);
  if (!match) return refuse('profit_percent is a number from 0 to 1000 with at most two decimals');
  const basisPoints = BigInt(match[1] ?? '0') * 100n + BigInt((match[2] ?? '').padEnd(2, '0'));
  return basisPoints <= 100_000n ? basisPoints : refuse('profit_percent is at most 1000');
}

function parseMeter(type: string, value: unknown): MeterRates {
  if (type === requestMeter) return refuse('the meter request books its quantity as it is and has no rate');
  if (type.length === 0 || !hasAtMost(128, type)) return refuse('a meter is named by 1 to 128 characters');
  if (!isObject(value) || !isObject(value['rates'])) return refuse(`meters.${type}.rates is an object`);
  const rates = new Map<string, Map<string, Rate>>();
  for (const [model, quantities] of Object.entries(value['rates'])) {
    if (!isObject(quantities)) return refuse(`meters.${type}.rates.${model} is an object`);
    rates.set(
      model,
      new Map(Object.entries(quantities).map(([name, rate]) => [name, parseRate(`${type}.${model}.${name}`, rate)])),
    );
  }
  if (rates.size === 0) return refuse(`meters.${type}.rates names no model`);
  const profit = value['profit'] ?? true;
  if (typeof profit !== 'boolean') return refuse(`meters.${type}.profit is true or false`);
  inherit(type, rates);
  return { rates, names: new Set([...rates.values()].flatMap((row) => [...row.keys()])), profit };
}

const inherited = ['input_tokens', 'output_tokens'] as const;

/** Completes the rows of a meter: a row that prices a class anew need not say again what a plain token costs. */
function inherit(type: string, rates: ReadonlyMap<string, Map<string, Rate>>): void {
  const builtIn = type === modelMeter ? defaultRateCardContent.meters['llm.tokens'].rates['*'] : undefined;
  const shared = rates.get('*');
  for (const row of [...(shared ? [shared] : []), ...rates.values()]) {
    for (const name of inherited) {
      const rate = shared?.get(name) ?? (builtIn ? parseRate(name, builtIn[name]) : undefined);
      if (rate && !row.has(name)) row.set(name, rate);
    }
  }
}

function parseRate(path: string, value: unknown): Rate {
  const match = typeof value === 'string' ? /^([0-9]{1,12})(?:\/([1-9][0-9]{0,11}))?$/.exec(value) : null;
  if (!match) return refuse(`the rate ${path} is written "n/d" with whole numbers, d at least 1`);
  return { numerator: BigInt(match[1] ?? '0'), denominator: BigInt(match[2] ?? '1') };
}

export type RatedStep = { readonly step: string; readonly formula: string; readonly result: bigint };
export type Rated = { readonly cost: bigint; readonly base: bigint; readonly steps: readonly RatedStep[] };

/** One request's usage, without its other labels. */
export type RatedUsage = { readonly model: string | undefined; readonly quantities: ReadonlyMap<string, bigint> };

function rowOf(
  card: RateCard,
  meter: string,
  model: string | undefined,
): { readonly meterRates: MeterRates; readonly rates: ReadonlyMap<string, Rate> } | undefined {
  const meterRates = card.meters.get(meter);
  const rates = meterRates?.rates.get(model ?? '*') ?? meterRates?.rates.get('*');
  return meterRates && rates ? { meterRates, rates } : undefined;
}

/**
 * The units of usage on accounts that count it and price it otherwise (`countedUnits`). `undefined`: the card has no
 * such meter.
 * @throws AppError('invalid', QUANTITY_UNKNOWN) for a name that the card does not know.
 */
export function countUsage(card: RateCard, meter: string, usage: RatedUsage): bigint | undefined {
  const found = rowOf(card, meter, usage.model);
  if (!found) return undefined;
  refuseUnknown(meter, usage.quantities, (name) => found.meterRates.names.has(name));
  return countedUnits(usage.quantities);
}

/**
 * The cost of counted quantities: each quantity times its rate, rounded up; then the profit on the sum, rounded up
 * once. Exact integers: base 100 at 10 % is 110. `undefined`: the card has no such meter.
 * @throws AppError('invalid'): AMOUNT_OUT_OF_RANGE when the cost leaves the range of an amount, QUANTITY_UNKNOWN and
 * QUANTITY_UNPRICED
 *   naming what the card cannot price.
 */
export function rateUsage(card: RateCard, meter: string, usage: RatedUsage): Rated | undefined {
  const found = rowOf(card, meter, usage.model);
  if (!found) return undefined;
  const { meterRates, rates } = found;
  refuseUnknown(meter, usage.quantities, (name) => meterRates.names.has(name));
  refuseUnpriced(meter, usage.quantities, (name) => rates.has(name));
  const steps: RatedStep[] = [];
  let base = 0n;
  for (const [name, rate] of rates) {
    const quantity = usage.quantities.get(name) ?? 0n;
    const part = divCeil(quantity * rate.numerator, rate.denominator);
    steps.push({ step: name, formula: `ceil(${quantity} × ${rate.numerator} / ${rate.denominator})`, result: part });
    base += part;
  }
  const percent = meterRates.profit ? card.profitBasisPoints : 0n;
  const cost = divCeil(base * (10_000n + percent), 10_000n);
  steps.push({ step: 'base', formula: steps.map(({ result }) => String(result)).join(' + ') || '0', result: base });
  steps.push({ step: 'cost', formula: `ceil(${base} + ${base} × ${percent} / 10000)`, result: cost });
  if (!inAmountRange(cost))
    throw new AppError('invalid', 'AMOUNT_OUT_OF_RANGE', 'the cost of this usage is beyond 2^63-1');
  return { cost, base, steps };
}
