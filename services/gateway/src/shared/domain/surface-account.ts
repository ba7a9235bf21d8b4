import type { AccountKind, GivenSettings } from '@tollgate/contracts';
import { baseTier, creditPeriod, freeCredits } from '@tollgate/pricing';

/** How a surface opens the account behind one of its ids (surfaces §0.9). */
export type SurfaceOpening = {
  readonly kind: AccountKind;
  readonly unit: string;
  /** null: no owner. */
  readonly owner: string | null;
  readonly settings: GivenSettings;
  /** Settings that `/v1` may choose differently. */
  readonly free: readonly (keyof GivenSettings)[];
};

/** Name of the price plan that metered accounts open with. */
export const planDefault = 'default';
/** Settings of a new credits account: the allowance of the free tier. */
export const creditsSettings = {
  allowance: String(freeCredits),
  base_allowance: String(freeCredits),
  tier: baseTier,
  period: creditPeriod,
};

const openings: Readonly<Record<string, (id: string) => SurfaceOpening>> = {
  licence: () => ({ kind: 'licence', unit: 'tokens', owner: null, settings: {}, free: [] }),
  wallet: (id) => ({ kind: 'wallet', unit: 'token', owner: id, settings: {}, free: [] }),
  quota: () => ({ kind: 'quota', unit: 'byte', owner: null, settings: {}, free: [] }),
  credits: () => ({ kind: 'credits', unit: 'credits', owner: null, settings: creditsSettings, free: [] }),
  metered: () => ({ kind: 'metered', unit: 'tokens', owner: null, settings: { plan: planDefault }, free: ['plan'] }),
};

/**
 * The wallet whose balance is the number of closed months. Each closing and reopening is an entry of it, which contains
 * the hash and is sealed.
 */
export const closedMonths = 'books:closed-months';
const closingSources: ReadonlySet<string> = new Set(['http:closing-open', 'http:close-month', 'http:reopen-month']);

/**
 * Only closing books into the account of closed months: a limit, a closed account or an entry of somebody else would
 * keep finance from closing, or make it look as if a month was.
 */
export const mayBook = (account: string, source: string): boolean =>
  account !== closedMonths || closingSources.has(source);
/** Unlimited overdraft, so that no booking prevents a month from being reopened. */
export const closedMonthsOpening = {
  kind: 'wallet',
  unit: 'closed month',
  owner: null,
  settings: { overdraft: 'unlimited' },
  free: [],
} as const satisfies SurfaceOpening;

/**
 * How the surface opens the account; null: the id belongs to no surface. Accounts below a surface's account belong to
 * none.
 */
export function surfaceOpeningOf(account: string): SurfaceOpening | null {
  if (account === closedMonths) return closedMonthsOpening;
  const [prefix = '', ...rest] = account.split(':');
  if (rest.length === 0 || account.includes('/') || !Object.hasOwn(openings, prefix)) return null;
  return openings[prefix]?.(clientIdOf(rest.join(':'))) ?? null;
}

/** The client's id inside an account id: `/` and `%` are percent-encoded there. */
const clientIdOf = (encoded: string): string => encoded.replaceAll('%2F', '/').replaceAll('%25', '%');

type Given = {
  readonly kind: AccountKind;
  readonly unit: string;
  readonly owner?: string | undefined;
  readonly settings?: GivenSettings | undefined;
};

/**
 * Members of a `/v1` opening that differ from how the surface would open the account; empty: none. A different opening
 * would break the surface's rules.
 */
export function otherThanSurface(
  surface: SurfaceOpening,
  { kind, unit, owner, settings = {} }: Given,
): readonly string[] {
  const others: string[] = [];
  if (kind !== surface.kind) others.push('kind');
  if (unit !== surface.unit) others.push('unit');
  if (owner !== undefined && owner !== surface.owner) others.push('owner');
  for (const name of Object.keys(settings) as (keyof GivenSettings)[]) {
    if (!surface.free.includes(name) && settings[name] !== undefined && settings[name] !== surface.settings[name])
      others.push(`settings.${name}`);
  }
  return others;
}
