import { Refusal } from '../decision.ts';
import type { BelievedTerms } from '../request/request.ts';
import type { Account, Settings } from './account.ts';

/** Units in the account that no hold reserves, without overdraft. Below 0 after an overdraft. */
export const freeUnits = (account: Readonly<Account>): bigint => account.balance - account.held;

/**
 * What the terms of the account's package do not allow, in the order of surfaces §2: another package than believed, the
 * asker's own reason, an expired package, less than the minimum.
 */
export function termsRefusal(account: Readonly<Account>, terms: BelievedTerms | null, nowMs: number): Refusal | null {
  if (terms === null) return null;
  const { package: current, packageExpiresMs } = account.terms.settings;
  if (terms.package !== undefined && terms.package !== current) {
    const detail = current === null ? 'the account has no package' : 'the account has another package';
    return new Refusal('PACKAGE_CHANGED', detail);
  }
  if (terms.refused !== null) return new Refusal('TERMS_REFUSED', terms.refused);
  if (terms.unexpired && packageExpiresMs !== null && nowMs >= packageExpiresMs)
    return new Refusal('PACKAGE_EXPIRED', 'the package has expired');
  return terms.minimum !== null && freeUnits(account) < terms.minimum ? short(account, terms.minimum) : null;
}

/** A hold under terms reserves what is there, never overdraft. */
export const overdraftRefusal = (
  account: Readonly<Account>,
  terms: BelievedTerms | null,
  amount: bigint,
): Refusal | null => (terms !== null && freeUnits(account) < amount ? short(account, amount) : null);

function short(account: Readonly<Account>, asked: bigint): Refusal {
  const free = freeUnits(account);
  const available = free > 0n ? free : 0n;
  const detail = `asked for ${asked} ${account.unit}, the account has ${available} available`;
  const refusal = { account: account.id, asked: String(asked), available: String(available) };
  return new Refusal('ALLOWANCE_EXHAUSTED', detail, { refusal });
}

/** The settings with every member restored that an entry changed and that has not been changed since. */
export function settingsBefore(
  current: Settings,
  changed: { readonly before: Settings; readonly after: Settings },
): Settings {
  const { before, after } = changed;
  const back = <K extends keyof Settings>(name: K): Settings[K] =>
    !sameMember(before, after, name) && sameMember(current, after, name) ? before[name] : current[name];
  return {
    limit: back('limit'),
    limits: back('limits'),
    detached: back('detached'),
    overdraft: back('overdraft'),
    allowance: back('allowance'),
    period: back('period'),
    timeZone: back('timeZone'),
    trialEndMs: back('trialEndMs'),
    plan: back('plan'),
    earlierPlans: back('earlierPlans'),
    firstPlan: current.firstPlan,
    package: back('package'),
    packageExpiresMs: back('packageExpiresMs'),
    initialGift: back('initialGift'),
    tier: back('tier'),
    tierEndMs: back('tierEndMs'),
    baseAllowance: back('baseAllowance'),
    periodFromMs: back('periodFromMs'),
    statusBefore: current.statusBefore,
  };
}

/** Whether two settings say the same. */
export const sameSettings = (a: Settings, b: Settings): boolean =>
  (Object.keys(a) as (keyof Settings)[]).every((name) => sameMember(a, b, name));

/** Whether two settings say the same in one member: a plain value, or a list or an object of them. */
export const sameMember = (a: Settings, b: Settings, name: keyof Settings): boolean =>
  a[name] === b[name] || (typeof a[name] === 'object' && comparable(a[name]) === comparable(b[name]));

const comparable = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item));
