import { amountMax, AppError, hasAtMost } from '@tollgate/kernel';

/**
 * What the usage of a model is counted in. The classes never overlap: a token is counted in one of them, so that they
 * add up to the totals of the seller, and none is priced twice.
 */
export const promptClasses = [
  'input_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'input_audio_tokens',
  'input_image_tokens',
] as const;
export const answerClasses = [
  'output_tokens',
  'reasoning_tokens',
  'output_audio_tokens',
  'output_image_tokens',
] as const;
export const otherClasses = ['requests', 'web_searches', 'images', 'seconds', 'pages'] as const;
export const quantityClasses = [...promptClasses, ...answerClasses, ...otherClasses] as const;
export type QuantityClass = (typeof quantityClasses)[number];

const classes: ReadonlySet<string> = new Set(quantityClasses);
const tokens: ReadonlySet<string> = new Set([...promptClasses, ...answerClasses]);
export const isQuantityClass = (name: string): name is QuantityClass => classes.has(name);

/** The meter of model usage, whose quantities are the classes. */
export const modelMeter = 'llm.tokens';
/** The built-in meter that books its one quantity as it is. */
export const requestMeter = 'request';

/** Members of a usage that say of what it was, and are never counted. */
export const usageLabels: ReadonlySet<string> = new Set(['model', 'feature_endpoint_id']);
const labelMax = 255;

/** The members of a usage as they came, checked: labels, and quantities as safe JSON numbers or decimal strings. */
export type UsageInputs = { readonly [member: string]: string | number };
export type UsageFault = { readonly code: 'REQUEST_INVALID' | 'QUANTITY_UNKNOWN'; readonly detail: string };

/**
 * Reads one request's usage, whichever way it comes in. Every member is a label or a quantity: what is neither is a
 * fault that names it, so that nothing is dropped without a word. A label that is null is not there. Which names may be
 * counted is the rate card's to say (`rateUsage`, `countUsage`).
 */
export function readUsage(
  meter: string,
  members: Readonly<Record<string, unknown>>,
): { readonly inputs: UsageInputs } | { readonly fault: UsageFault } {
  const inputs: Record<string, string | number> = {};
  const invalid = (detail: string) => ({ fault: { code: 'REQUEST_INVALID' as const, detail } });
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (value === undefined) continue;
    // No object can be given a member of this name by assignment: it would be dropped.
    if (name === '__proto__') return { fault: { code: 'QUANTITY_UNKNOWN', detail: '__proto__ is not a quantity' } };
    if (name.length === 0 || !hasAtMost(128, name)) return invalid('a quantity is named by 1 to 128 characters');
    if (usageLabels.has(name)) {
      if (value === null) continue;
      const label = readLabel(name, value);
      if (label === null) return invalid(`${name} must be a string of 1 to ${labelMax} characters`);
      inputs[name] = label;
      continue;
    }
    const fault = quantityFault(name, value);
    if (fault !== null) return invalid(fault);
    inputs[name] = value as string | number;
  }
  const fault = meterFault(meter, inputs);
  return fault === null ? { inputs: meter === requestMeter ? { quantity: 1, ...inputs } : inputs } : { fault };
}

/** An endpoint's id that came as a number is told as text: it is not counted either way. */
function readLabel(name: string, value: unknown): string | null {
  const text = name !== 'model' && typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.length > 0 && hasAtMost(labelMax, text) ? text : null;
}

/**
 * A request has one quantity; model usage says what was read and written, unless it is counted in names of the card's
 * own.
 */
function meterFault(meter: string, inputs: UsageInputs): UsageFault | null {
  if (meter !== requestMeter && meter !== modelMeter) return null;
  const names = Object.keys(inputs).filter((name) => !usageLabels.has(name));
  if (meter === requestMeter) {
    const other = names.find((name) => name !== 'quantity');
    return other === undefined
      ? null
      : {
          code: 'QUANTITY_UNKNOWN',
          detail: `${shown(other)} is not a quantity of the meter request, which has quantity alone`,
        };
  }
  const missing = ['input_tokens', 'output_tokens'].find((name) => !names.includes(name));
  if (missing === undefined || !names.every(isQuantityClass)) return null;
  return { code: 'REQUEST_INVALID', detail: `${missing} is missing: give the count, 0 where there was none` };
}

const decimal = /^(0|[1-9][0-9]{0,18})$/;
const safeMax = Number.MAX_SAFE_INTEGER;

/** Why a value is no quantity, in words that name it; null: it is one. */
export function quantityFault(name: string, value: unknown): string | null {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= 0) return null;
    if (Number.isInteger(value) && value > safeMax) {
      return (
        `${shown(name)} is ${value}: a JSON number is exact up to ${safeMax} (2^53-1); send it as a ` +
        `decimal string, which may say up to ${amountMax} (2^63-1)`
      );
    }
    return `${shown(name)} is ${value}: it must be a whole number from 0`;
  }
  if (typeof value === 'string') {
    if (decimal.test(value) && BigInt(value) <= amountMax) return null;
    const why =
      /^[0-9]+$/.test(value) && BigInt(value) > amountMax
        ? `is beyond ${amountMax} (2^63-1)`
        : 'must be a whole number from 0, as a decimal string';
    return `${shown(name)} ${why}: ${JSON.stringify(shown(value))}`;
  }
  const is =
    value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : String(value);
  return `${shown(name)} is ${is}: a quantity is a whole number; leave out what was not counted`;
}

const shown = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** What of a usage is counted, without its labels. */
export function quantitiesOf(inputs: UsageInputs): ReadonlyMap<string, bigint> {
  const quantities = new Map<string, bigint>();
  for (const name of Object.keys(inputs)) if (!usageLabels.has(name)) quantities.set(name, BigInt(inputs[name] ?? 0));
  return quantities;
}

/**
 * What usage counts on accounts that count: the sum of its token classes, once; of a meter without tokens, all its
 * quantities.
 */
export const countedUnits = (quantities: ReadonlyMap<string, bigint>): bigint =>
  countedQuantities(quantities).reduce((sum, [, quantity]) => sum + quantity, 0n);

/** What `countedUnits` adds up. */
export function countedQuantities(
  quantities: ReadonlyMap<string, bigint>,
): readonly (readonly [name: string, quantity: bigint])[] {
  const all = [...quantities];
  return all.some(([name]) => tokens.has(name)) ? all.filter(([name]) => tokens.has(name)) : all;
}

/** @throws AppError('invalid', QUANTITY_UNKNOWN) for a name that is neither a class nor one that `rated` has. */
export function refuseUnknown(
  meter: string,
  quantities: ReadonlyMap<string, bigint>,
  rated: (name: string) => boolean,
): void {
  for (const name of quantities.keys()) {
    if (isQuantityClass(name) || rated(name)) continue;
    throw new AppError(
      'invalid',
      'QUANTITY_UNKNOWN',
      `${shown(name)} is neither a quantity class nor in the rates of ${shown(meter)}; the classes are ` +
        `${quantityClasses.join(', ')}`,
    );
  }
}

/**
 * @throws AppError('invalid', QUANTITY_UNPRICED) for a count above 0 for which `rated` has no rate: it would cost
 * nothing by mistake.
 */
export function refuseUnpriced(
  meter: string,
  quantities: ReadonlyMap<string, bigint>,
  rated: (name: string) => boolean,
): void {
  for (const [name, quantity] of quantities) {
    if (quantity === 0n || rated(name)) continue;
    throw new AppError(
      'invalid',
      'QUANTITY_UNPRICED',
      `${shown(name)} is ${quantity} and the rate card has no rate for it under ${shown(meter)}: ` +
        'publish one, "0" where it is free',
    );
  }
}
