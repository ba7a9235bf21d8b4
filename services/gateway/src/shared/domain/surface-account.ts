import type { AccountKind, GivenSettings } from '@tollgate/contracts';
import { baseTier, creditPeriod, freeCredits } from '@tollgate/pricing';

/** How a surface opens the account behind one of its ids (surfaces §0.9). */
export type SurfaceOpening = {
  readonly kind: AccountKind;
  readonly unit: string;
  /** null: the surface sets or needs none. */
  readonly owner: string | null;
  readonly settings: GivenSettings;
  /** Settings that an opening by `/v1` may choose otherwise. */
  readonly free: readonly (keyof GivenSettings)[];
};

/** Name of the price plan that metered accounts open with. */
export const planDefault = 'default';
/** How a credits account opens: with the allowance of the free tier. */
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
 * The wallet whose balance is the number of closed months: each closing and reopening is an entry of it, which names
 * the hash and is sealed.
 */
export const closedMonths = 'books:closed-months';
/** Without an end, so that nothing that is booked on it keeps a month from being reopened. */
export const closedMonthsOpening = {
  kind: 'wallet',
  unit: 'closed month',
  owner: null,
  settings: { overdraft: 'unlimited' },
  free: [],
} as const satisfies SurfaceOpening;

/**
 * What the surface opens an account with; null: the id belongs to no surface. Accounts below one of a surface's are
 * nobody's.
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
 * What an opening by `/v1` gives an account of a surface other than the surface does: members by name. Empty: it opens
 * just as the surface would. Otherwise the surface would meet an account that does not keep its rules.
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
