import type {
  AccountKind,
  AccountLimit,
  AccountStatus,
  CatalogItem,
  Details,
  LedgerRequest,
  Opening,
  PackageTerms,
  SettingsChange,
  TierChange,
} from '@tollgate/contracts';
import { accountKinds, accountStatuses } from '@tollgate/contracts';
import { AppError, hasAtMost, isStorableJson, isStorableText, parseAmount } from '@tollgate/kernel';
import { baseTier, isTimeZone, parsePeriod, readUsage, timeZoneMessage } from '@tollgate/pricing';

import type { PeriodLimit, Settings } from '../account/account.ts';
import { noSettings } from '../account/account.ts';
import type { Cause } from '../entry.ts';

/** A request with its numbers parsed; what `decide` takes. Amounts are in the account's smallest unit. */
export type Request = {
  readonly cause: Cause;
  readonly account: string;
  readonly keyed: boolean;
  readonly ask: Ask;
  /** Finds the request in logs. */
  readonly correlation: string | null;
};
export type Ask =
  | {
      readonly type: 'open';
      readonly kind: AccountKind;
      readonly unit: string;
      readonly owner: string | null;
      readonly status: AccountStatus;
      readonly settings: Settings;
      readonly grant: bigint;
      /**
       * The settings given, on top of others: what an account that exists is compared with. null: it is not compared.
       */
      readonly strict: ((current: Settings) => Settings) | null;
    }
  | {
      readonly type: 'change';
      readonly owner: string | null | undefined;
      readonly status: AccountStatus | undefined;
      readonly settings: (current: Settings) => Settings;
      readonly balance: bigint | undefined;
      readonly used: bigint | undefined;
      readonly ifOwner: string | null | undefined;
      readonly access: 'suspend' | 'close' | 'resume' | undefined;
      readonly forfeit: boolean;
    }
  | {
      readonly type: 'grant';
      readonly amount: bigint;
      readonly priority: number;
      readonly expiresMs: number | null;
      readonly purchased: boolean;
      readonly settings: ((current: Settings) => Settings) | null;
      readonly initialGift: boolean;
      readonly terms: BelievedTerms | null;
    }
  | ({
      readonly type: 'spend';
      readonly actor: string | null;
      readonly terms: BelievedTerms | null;
      readonly blocksMax: bigint | null;
    } & Usage)
  | {
      readonly type: 'hold';
      readonly amount: bigint;
      readonly expiresInMs: number;
      readonly parent: HoldId | null;
      readonly terms: BelievedTerms | null;
    }
  | ({
      readonly type: 'settle';
      readonly hold: HoldId;
      readonly of: string | null;
      readonly spendIfOver: boolean;
      readonly terms: BelievedTerms | null;
    } & Usage)
  | { readonly type: 'extend'; readonly hold: HoldId; readonly amount: bigint }
  | { readonly type: 'tier'; readonly to: TierStep }
  | { readonly type: 'release'; readonly hold: HoldId }
  | { readonly type: 'correct'; readonly entry: EntryId; readonly amount: bigint | null }
  | { readonly type: 'limit'; readonly limit: bigint; readonly fetchedMs: number }
  | { readonly type: 'withdraw'; readonly source: string; readonly id: string }
  | { readonly type: 'withdraw'; readonly source: string; readonly id: string; readonly hold: HoldId }
  | { readonly type: 'withdraw'; readonly source: string; readonly id: string; readonly entry: EntryId }
  | { readonly type: 'tick' }
  | { readonly type: 'clock' }
  | { readonly type: 'catalog'; readonly item: CatalogItem };

/** An amount as it is, or a meter's quantities to be rated. */
export type Usage = {
  readonly amount: bigint | null;
  readonly meter: string | null;
  readonly inputs: Readonly<Record<string, string>>;
};

/** Parsed `PackageTerms`. */
export type BelievedTerms = {
  readonly package: string | null | undefined;
  readonly overdraft: boolean | undefined;
  readonly unexpired: boolean;
  readonly minimum: bigint | null;
  readonly refused: string | null;
};

/** A parsed `TierChange`. */
export type TierStep =
  | {
      readonly change: 'raise' | 'renew';
      readonly tier: string;
      readonly allowance: bigint;
      readonly days: number;
      readonly onlyFromBase: boolean;
    }
  | { readonly change: 'lower' | 'reset' };

/** `h-<partition>-<account number>-<number of the opening entry in the account>`. */
export type HoldId = { readonly partition: number; readonly ref: number; readonly hold: number };
/** `<partition>-<partition_seq>`. */
export type EntryId = { readonly partition: number; readonly seq: number };

export const priorityDefault = 100;
/** Bought units burn after what a tier gives and takes away again, unless the grant says otherwise. */
export const priorityPurchased = 200;
const refuse = (message: string): never => {
  throw new AppError('invalid', 'REQUEST_INVALID', message);
};

/** What gateways let in: a CloudEvent's source has up to 512 characters behind `ce:`, its type up to 255. */
const sourceMax = 520;
const meterMax = 255;
/**
 * A user's id of 255 characters, each percent-encoded, behind its prefix, or 512 of any script; an index of PostgreSQL
 * takes 2,700 bytes.
 */
const accountMax = 800;
const accountBytesMax = 2_400;
/** Numbers of accounts are 32-bit integers in the books: a larger one could not even be looked for. */
const refMax = 2 ** 31 - 1;

export const formatHoldId = (id: HoldId): string => `h-${id.partition}-${id.ref}-${id.hold}`;
export function parseHoldId(text: unknown): HoldId {
  const match = typeof text === 'string' ? /^h-([0-9]{1,5})-([0-9]{1,10})-([0-9]{1,15})$/.exec(text) : null;
  if (!match) throw new AppError('not_found', 'HOLD_UNKNOWN', 'there is no such hold');
  const id = { partition: Number(match[1]), ref: Number(match[2]), hold: Number(match[3]) };
  if (id.ref > refMax) throw new AppError('not_found', 'HOLD_UNKNOWN', 'there is no such hold');
  return id;
}
export const formatEntryId = (id: EntryId): string => `${id.partition}-${id.seq}`;
export function parseEntryId(text: unknown): EntryId {
  const match = typeof text === 'string' ? /^([0-9]{1,5})-([0-9]{1,15})$/.exec(text) : null;
  if (!match) throw new AppError('not_found', 'ENTRY_UNKNOWN', 'there is no such entry');
  return { partition: Number(match[1]), seq: Number(match[2]) };
}

/**
 * Reads the value of a record.
 * @throws AppError('invalid') with the reason: a poison record, or a request whose caller is told so.
 */
export function readRequest(value: string, recordMs: number): Request {
  let wire: LedgerRequest;
  try {
    wire = JSON.parse(value) as LedgerRequest;
  } catch {
    return refuse('the record is not JSON');
  }
  if (typeof wire !== 'object' || wire === null || wire.v !== 1)
    return refuse('the record is not a request of version 1');
  if (!isText(wire.source, sourceMax) || !isText(wire.id, 300))
    return refuse(`source is a text of 1 to ${sourceMax} characters, id of 1 to 300`);
  if (typeof wire.account !== 'string' || !isAccount(wire.account)) return refuse('account is not a text');
  if (typeof wire.data !== 'object' || wire.data === null) return refuse('data is an object');
  if (wire.hash !== undefined && !/^[0-9a-f]{32}$/.test(wire.hash)) return refuse('hash is 32 hex digits');
  if (wire.details !== undefined && !areDetails(wire.details)) return refuse('details cannot be stored');
  const cause: Cause = {
    source: wire.source,
    id: wire.id,
    hash: wire.hash ?? null,
    occurredMs: wire.occurred === undefined ? recordMs : parseTime(wire.occurred, 'occurred'),
    details: wire.details ?? null,
  };
  const ask = readAsk(wire, recordMs);
  const named = 'hold' in ask || 'entry' in ask;
  const partitionWide = ask.type === 'tick' || ask.type === 'clock' || ask.type === 'catalog';
  if (!named && !partitionWide && wire.account === '') return refuse('account is missing');
  const correlation = isText(wire.correlation, 128) ? wire.correlation : null;
  return { cause, account: wire.account, keyed: wire.keyed === true, ask, correlation };
}

const areDetails = (details: Details | null): boolean =>
  details !== null && isStorableJson(details) && /^[0-9a-f]{32}$/.test(details.salt);

function readAsk(wire: LedgerRequest, recordMs: number): Ask {
  switch (wire.type) {
    case 'open':
      return readOpening(wire.data, recordMs);
    case 'change': {
      const { owner, status, settings, balance, used, if_owner: ifOwner, access, forfeit } = wire.data;
      if (owner !== undefined && owner !== null && !isText(owner, 300))
        return refuse('owner is a text of 1 to 300 characters');
      if (access !== undefined && access !== 'suspend' && access !== 'close' && access !== 'resume')
        return refuse('access is suspend, close or resume');
      const change = settings ?? {};
      changed(noSettings, change, recordMs);
      return {
        type: 'change',
        owner,
        status: status === undefined ? undefined : readStatus(status),
        ifOwner,
        settings: (current) => changed(current, change, recordMs),
        balance: amountIn(balance, 'balance'),
        used: amountIn(used, 'used'),
        access,
        forfeit: forfeit === true,
      };
    }
    case 'tier':
      return { type: 'tier', to: readTier(wire.data) };
    case 'grant': {
      const { amount, kind, priority, expires_at: expires, settings, initial_gift: initialGift } = wire.data;
      if (kind !== undefined && kind !== 'purchased') return refuse('the kind of a grant is purchased, or left out');
      const purchased = kind === 'purchased';
      if (settings === null) return refuse('settings is an object');
      if (settings !== undefined) changed(noSettings, settings, recordMs);
      if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 1_000_000))
        return refuse('priority is a whole number from 0 to 1000000');
      return {
        type: 'grant',
        amount: positive(amount, 'amount'),
        purchased,
        priority: priority ?? (purchased ? priorityPurchased : priorityDefault),
        expiresMs: expires === undefined ? null : parseTime(expires, 'expires_at'),
        settings: settings === undefined ? null : (current) => changed(current, settings, recordMs),
        initialGift: initialGift === true,
        terms: readTerms(wire.data.terms),
      };
    }
    case 'spend': {
      const { actor, terms, blocks_max: blocksMax } = wire.data;
      if (blocksMax !== undefined && !(Number.isSafeInteger(blocksMax) && blocksMax >= 0))
        return refuse('blocks_max is a whole number from 0');
      return {
        type: 'spend',
        ...usageIn(wire.data),
        actor: actor ?? null,
        terms: readTerms(terms),
        blocksMax: blocksMax === undefined ? null : BigInt(blocksMax),
      };
    }
    case 'hold': {
      const { amount, expires_in_ms: expires, parent, terms } = wire.data;
      if (!Number.isSafeInteger(expires) || expires < 1 || expires > 366 * 86_400_000)
        return refuse('expires_in_ms is from 1 to a year');
      return {
        type: 'hold',
        amount: positive(amount, 'amount'),
        expiresInMs: expires,
        parent: parent === undefined ? null : parseHoldId(parent),
        terms: readTerms(terms),
      };
    }
    case 'settle':
      return {
        type: 'settle',
        hold: parseHoldId(wire.data.hold),
        ...usageIn(wire.data),
        of: wire.data.of ?? null,
        spendIfOver: wire.data.if_over === 'spend',
        terms: readTerms(wire.data.terms),
      };
    case 'extend':
      return { type: 'extend', hold: parseHoldId(wire.data.hold), amount: positive(wire.data.amount, 'amount') };
    case 'release':
      return { type: 'release', hold: parseHoldId(wire.data.hold) };
    case 'correct':
      return {
        type: 'correct',
        entry: parseEntryId(wire.data.entry),
        amount: wire.data.amount === undefined ? null : positive(wire.data.amount, 'amount'),
      };
    case 'limit':
      return {
        type: 'limit',
        limit: notNegative(wire.data.limit, 'limit'),
        fetchedMs: parseTime(wire.data.fetched_at, 'fetched_at'),
      };
    case 'withdraw': {
      const { source, id, hold, entry } = wire.data;
      if (!isText(source, sourceMax) || !isText(id, 300)) return refuse('withdraw names a source and an id');
      if (hold !== undefined) return { type: 'withdraw', source, id, hold: parseHoldId(hold) };
      if (entry !== undefined) return { type: 'withdraw', source, id, entry: parseEntryId(entry) };
      return { type: 'withdraw', source, id };
    }
    case 'tick':
    case 'clock':
      return { type: wire.type };
    case 'catalog':
      return { type: 'catalog', item: readItem(wire.data.item) };
    default:
      return refuse(`there is no request of type ${String((wire as { type?: unknown }).type)}`);
  }
}

function readOpening({ kind, unit, owner, status, settings, grant, strict }: Opening, recordMs: number): Ask {
  if (!accountKinds.includes(kind)) return refuse(`kind is one of ${accountKinds.join(', ')}`);
  if (!isText(unit, 64)) return refuse('unit is a text of 1 to 64 characters');
  if (owner !== undefined && !isText(owner, 300)) return refuse('owner is a text of 1 to 300 characters');
  return {
    type: 'open',
    kind,
    unit,
    owner: owner ?? null,
    status: readStatus(status ?? 'active'),
    settings: changed(noSettings, settings ?? {}, recordMs),
    grant: grant === undefined ? 0n : positive(grant, 'grant'),
    strict: strict === true ? (current) => changed(current, settings ?? {}, recordMs) : null,
  };
}

function readTier(change: TierChange): TierStep {
  if (change.change === 'lower' || change.change === 'reset') return { change: change.change };
  if (change.change !== 'raise' && change.change !== 'renew') return refuse('change is raise, renew, lower or reset');
  const { tier, allowance, days } = change;
  if (!isText(tier, 64) || tier === baseTier) return refuse('tier is a text of 1 to 64 characters, not the base tier');
  if (!Number.isInteger(days) || days < 1 || days > 36_500) return refuse('days is a whole number from 1 to 36500');
  const onlyFromBase = change.change === 'raise' && change.only_from_base === true;
  return { change: change.change, tier, allowance: positive(allowance, 'allowance'), days, onlyFromBase };
}

const catalogs: ReadonlySet<string> = new Set(['rate-card', 'price-plan']);

function readItem(item: CatalogItem): CatalogItem {
  if (typeof item !== 'object' || item === null || !catalogs.has(item.catalog) || !isText(item.name, 128)) {
    return refuse('the catalog item is neither a rate card nor a price plan');
  }
  if (!Number.isInteger(item.version) || item.version < 1) return refuse('a version is a whole number from 1');
  parseTime(item.effective_from, 'effective_from');
  return item;
}

function changed(current: Settings, change: SettingsChange, recordMs: number): Settings {
  const pick = <T>(value: string | null | undefined, old: T | null, read: (text: string) => T): T | null =>
    value === undefined ? old : value === null ? null : read(value);
  return {
    limit: pick(change.limit, current.limit, (text) => notNegative(text, 'limit')),
    limits: change.limits === undefined ? current.limits : readLimits(change.limits ?? [], current.limits, recordMs),
    detached: change.detached === undefined ? current.detached : readFlag(change.detached ?? false, 'detached'),
    overdraft: pick<bigint | 'unlimited'>(change.overdraft, current.overdraft, (text) =>
      text === 'unlimited' ? text : notNegative(text, 'overdraft'),
    ),
    allowance: pick(change.allowance, current.allowance, (text) => notNegative(text, 'allowance')),
    period: pick(change.period, current.period, (text) => parsePeriod(text)),
    timeZone: pick(change.time_zone, current.timeZone, (text) => (isTimeZone(text) ? text : refuse(timeZoneMessage))),
    trialEndMs: pick(change.trial_end, current.trialEndMs, (text) => parseTime(text, 'trial_end')),
    plan: pick(change.plan, current.plan, (text) =>
      isText(text, 128) ? text : refuse('plan is a text of 1 to 128 characters'),
    ),
    earlierPlans: current.earlierPlans,
    firstPlan: current.firstPlan,
    package: pick(change.package, current.package, (text) =>
      isText(text, 300) ? text : refuse('package is a text of 1 to 300 characters'),
    ),
    packageExpiresMs: pick(change.package_expires, current.packageExpiresMs, (text) =>
      parseTime(text, 'package_expires'),
    ),
    initialGift: pick(change.initial_gift, current.initialGift, (text) =>
      text === 'given' ? text : refuse('initial_gift is given'),
    ),
    tier: pick(change.tier, current.tier, (text) =>
      isText(text, 64) ? text : refuse('tier is a text of 1 to 64 characters'),
    ),
    tierEndMs: pick(change.tier_end, current.tierEndMs, (text) => parseTime(text, 'tier_end')),
    baseAllowance: pick(change.base_allowance, current.baseAllowance, (text) => notNegative(text, 'base_allowance')),
    periodFromMs: pick(change.period_from, current.periodFromMs, (text) => parseTime(text, 'period_from')),
    statusBefore: current.statusBefore,
  };
}

/** Limits of an account: each is checked and counted with every use. */
const limitsMax = 20;

/** A limit of the same period and model goes on counting; one that is new counts from now. */
function readLimits(
  given: readonly AccountLimit[],
  current: readonly PeriodLimit[],
  recordMs: number,
): readonly PeriodLimit[] {
  if (!Array.isArray(given) || given.length > limitsMax)
    return refuse(`limits is a list of at most ${limitsMax} limits`);
  const limits = (given as readonly AccountLimit[]).map((one) => readLimit(one, current, recordMs));
  const [twice] = limits.filter((one, index) => limits.findIndex((other) => sameLimit(one, other)) < index);
  if (twice)
    refuse(`limits has two limits for ${twice.period}${twice.model === null ? '' : ` and the model ${twice.model}`}`);
  return limits;
}

function readLimit(given: AccountLimit | null, current: readonly PeriodLimit[], recordMs: number): PeriodLimit {
  if (typeof given !== 'object' || given === null)
    return refuse('each of limits is an object with amount, period and, where it is about one, model');
  const { amount, period, model } = given;
  if (typeof period !== 'string') return refuse('each of limits has a period, such as calendar:month or P30D');
  if (model !== undefined && !isText(model, 256))
    return refuse('the model of a limit is a text of 1 to 256 characters');
  const limit = { amount: notNegative(amount, 'amount of a limit'), period: parsePeriod(period), model: model ?? null };
  return { ...limit, sinceMs: current.find((other) => sameLimit(limit, other))?.sinceMs ?? recordMs };
}

/** Whether two limits count the same. */
export const sameLimit = (
  a: Pick<PeriodLimit, 'period' | 'model'>,
  b: Pick<PeriodLimit, 'period' | 'model'>,
): boolean => a.period === b.period && a.model === b.model;

const readFlag = (value: unknown, name: string): boolean =>
  typeof value === 'boolean' ? value : refuse(`${name} is true or false`);

function usageIn({
  amount,
  meter,
  inputs,
}: {
  readonly amount?: string;
  readonly meter?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}): Usage {
  if ((amount === undefined) === (meter === undefined)) return refuse('usage is either an amount or a meter');
  if (meter !== undefined && !isText(meter, meterMax)) return refuse(`meter is a text of 1 to ${meterMax} characters`);
  return {
    amount: amount === undefined ? null : notNegative(amount, 'amount'),
    meter: meter ?? null,
    inputs: meter === undefined ? {} : readInputs(meter, inputs ?? {}),
  };
}

function readTerms(terms: PackageTerms | undefined): BelievedTerms | null {
  if (terms === undefined) return null;
  if (typeof terms !== 'object' || terms === null) return refuse('terms is an object');
  const { package: name, overdraft, unexpired, minimum, refused } = terms;
  if (name !== undefined && name !== null && !isText(name, 300))
    return refuse('terms.package is a text of 1 to 300 characters');
  if (refused !== undefined && !isText(refused, 1_000))
    return refuse('terms.refused is a text of 1 to 1000 characters');
  return {
    package: name,
    overdraft,
    unexpired: unexpired === true,
    minimum: minimum === undefined ? null : notNegative(minimum, 'terms.minimum'),
    refused: refused ?? null,
  };
}

/** As `readUsage` reads them on every way in, with each quantity as a decimal string. */
function readInputs(meter: string, members: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  if (typeof members !== 'object' || members === null) return refuse('inputs is an object');
  const read = readUsage(meter, members);
  if ('fault' in read) throw new AppError('invalid', read.fault.code, read.fault.detail);
  const inputs: Record<string, string> = {};
  for (const [name, value] of Object.entries(read.inputs)) {
    inputs[name] =
      isStorableText(name) && isStorableText(String(value))
        ? String(value)
        : refuse('a member of inputs cannot be stored');
  }
  return inputs;
}

function readStatus(status: AccountStatus): AccountStatus {
  return (accountStatuses as readonly AccountStatus[]).includes(status)
    ? status
    : refuse(`status is one of ${accountStatuses.join(', ')}`);
}

const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length > 0 && hasAtMost(max, value) && isStorableText(value);

const isAccount = (id: string): boolean =>
  hasAtMost(accountMax, id) &&
  (id.length * 3 <= accountBytesMax || Buffer.byteLength(id) <= accountBytesMax) &&
  isStorableText(id);

/** Times are kept to the millisecond, from 1970 to 9999. */
function parseTime(text: unknown, name: string): number {
  const ms = typeof text === 'string' ? Date.parse(text) : NaN;
  if (!(ms >= 0 && ms < 253_402_300_800_000))
    throw new AppError('invalid', 'TIME_OUT_OF_RANGE', `${name} is not a time between 1970 and 9999`);
  return ms;
}

function positive(text: unknown, name: string): bigint {
  const amount = notNegative(text, name);
  if (amount === 0n) throw new AppError('invalid', 'AMOUNT_OUT_OF_RANGE', `${name} is at least 1`);
  return amount;
}

const amountIn = (text: unknown, name: string): bigint | undefined =>
  text === undefined ? undefined : notNegative(text, name);

function notNegative(text: unknown, name: string): bigint {
  const amount = typeof text === 'string' ? parseAmount(text) : -1n;
  if (amount < 0n)
    throw new AppError('invalid', 'AMOUNT_OUT_OF_RANGE', `${name} is a decimal string of an integer from 0 to 2^63-1`);
  return amount;
}
