import type {
  AccountStatus,
  CatalogItem,
  LedgerRequest,
  Opening,
  PackageTerms,
  RequestData,
  TierChange,
} from '@tollgate/contracts';
import { requestIdMax, requestSourceMax } from '@tollgate/contracts';
import { accountKinds, accountStatuses } from '@tollgate/contracts';
import { isText } from '@tollgate/kernel';
import { baseTier } from '@tollgate/pricing';

import { noSettings } from '../account/account.ts';
import { parseEntryId, parseHoldId } from './ids.ts';
import { amountIn, notNegative, parseTime, positive, refuse } from './read-fields.ts';
import { changed } from './read-settings.ts';
import { usageIn } from './read-usage.ts';
import type { BelievedTerms, Command, CommandOf, TierStep } from './request.ts';
import { priorityDefault, priorityPurchased } from './request.ts';

/** What a request asks for, by its type. */
export function readCommand(wire: LedgerRequest, recordMs: number): Command {
  switch (wire.type) {
    case 'open':
      return readOpening(wire.data, recordMs);
    case 'change':
      return readChange(wire.data, recordMs);
    case 'tier':
      return { type: 'tier', to: readTier(wire.data) };
    case 'grant':
      return readGrant(wire.data, recordMs);
    case 'spend':
      return readSpend(wire.data);
    case 'hold':
      return readHold(wire.data);
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
    case 'withdraw':
      return readWithdraw(wire.data);
    case 'tick':
    case 'clock':
      return { type: wire.type };
    case 'catalog':
      return { type: 'catalog', item: readItem(wire.data.item) };
    default:
      return refuse(`there is no request of type ${String((wire as { type?: unknown }).type)}`);
  }
}

function readChange(data: RequestData['change'], recordMs: number): CommandOf<'change'> {
  const { owner, status, settings, balance, used, if_owner: ifOwner, access, forfeit } = data;
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

function readGrant(data: RequestData['grant'], recordMs: number): CommandOf<'grant'> {
  const { amount, kind, priority, expires_at: expires, settings, initial_gift: initialGift } = data;
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
    terms: readTerms(data.terms),
  };
}

function readSpend(data: RequestData['spend']): CommandOf<'spend'> {
  const { actor, terms, blocks_max: blocksMax } = data;
  if (blocksMax !== undefined && !(Number.isSafeInteger(blocksMax) && blocksMax >= 0))
    return refuse('blocks_max is a whole number from 0');
  return {
    type: 'spend',
    ...usageIn(data),
    actor: actor ?? null,
    terms: readTerms(terms),
    blocksMax: blocksMax === undefined ? null : BigInt(blocksMax),
  };
}

function readHold(data: RequestData['hold']): CommandOf<'hold'> {
  const { amount, expires_in_ms: expires, parent, terms } = data;
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

function readWithdraw(data: RequestData['withdraw']): CommandOf<'withdraw'> {
  const { source, id, hold, entry } = data;
  if (!isText(source, requestSourceMax) || !isText(id, requestIdMax))
    return refuse('withdraw names a source and an id');
  if (hold !== undefined) return { type: 'withdraw', source, id, hold: parseHoldId(hold) };
  if (entry !== undefined) return { type: 'withdraw', source, id, entry: parseEntryId(entry) };
  return { type: 'withdraw', source, id };
}

function readOpening({ kind, unit, owner, status, settings, grant, strict }: Opening, recordMs: number): Command {
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

function readStatus(status: AccountStatus): AccountStatus {
  return (accountStatuses as readonly AccountStatus[]).includes(status)
    ? status
    : refuse(`status is one of ${accountStatuses.join(', ')}`);
}
