import type { AccountState, TokenCatalog } from '@tollgate/contracts';

export type Endpoint = TokenCatalog['endpoints'][number];
export type Package = TokenCatalog['packages'][number];

/** The properties of a wallet that a start depends on. */
export type WalletState = {
  readonly balance: bigint;
  /** Units that are not held; negative after an overdraft. */
  readonly free: bigint;
  readonly package: string | null;
  readonly packageExpiresMs: number | null;
  readonly status: AccountState['status'];
};

/** The texts of surfaces §2. */
export const faults = {
  endpointUnknown: 'Feature endpoint not found',
  endpointInactive: 'Feature endpoint is not active',
  notInPackage: 'Feature endpoint is not available in your package',
  packageExpired: 'Package expired',
  walletUnknown: 'User wallet not found',
  walletSuspended: 'User wallet is suspended',
  walletClosed: 'User wallet is closed',
} as const;
export const insufficient = (required: bigint | string, available: bigint | string): string =>
  `Insufficient tokens. Required: ${required}, Available: ${available}`;

/** Why a wallet accepts no usage, by the ledger's code; null: the code has another meaning. */
export const noAccess = (code: string): string | null =>
  code === 'ACCOUNT_SUSPENDED' ? faults.walletSuspended : code === 'ACCOUNT_CLOSED' ? faults.walletClosed : null;

/** Why the endpoint is closed for all; null: it is open. */
export function closedBy(endpoint: Endpoint | undefined): string | null {
  if (endpoint === undefined) return faults.endpointUnknown;
  return endpoint.active ? null : faults.endpointInactive;
}

/**
 * Why a package does not include the endpoint. Skipped for a wallet without a package. `undefined`: the catalog does
 * not know the package.
 */
export function lackedBy(
  held: { readonly id: string | null; readonly terms: Package | undefined },
  endpoint: Endpoint,
): string | null {
  return held.id === null || held.terms?.features.includes(endpoint.feature) === true ? null : faults.notInPackage;
}

/** Why a wallet may not start on an open endpoint, in the order of surfaces §2; null: accessible. */
export function startFault(
  wallet: WalletState,
  on: { readonly endpoint: Endpoint; readonly terms: Package | undefined; readonly nowMs: number },
): string | null {
  const { endpoint, terms, nowMs } = on;
  if (wallet.status === 'suspended') return faults.walletSuspended;
  if (wallet.status === 'closed') return faults.walletClosed;
  const lacked = lackedBy({ id: wallet.package, terms }, endpoint);
  if (lacked !== null) return lacked;
  if (wallet.packageExpiresMs !== null && nowMs >= wallet.packageExpiresMs) return faults.packageExpired;
  const minimum = BigInt(endpoint.minimum_token);
  return wallet.free < minimum ? insufficient(minimum, wallet.free) : null;
}
