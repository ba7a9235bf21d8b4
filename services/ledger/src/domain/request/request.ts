import type { AccountKind, AccountStatus, CatalogItem } from '@tollgate/contracts';

import type { Settings } from '../account/account.ts';
import type { Cause } from '../entry.ts';
import type { EntryId, HoldId } from './ids.ts';

/** A request with its numbers parsed; what `decide` takes. Amounts are in the account's smallest unit. */
export type Request = {
  readonly cause: Cause;
  readonly account: string;
  readonly keyed: boolean;
  readonly command: Command;
  /** Finds the request in logs. */
  readonly correlation: string | null;
};
/** What a request asks for. */
export type Command =
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

/** The command of one type. */
export type CommandOf<T extends Command['type']> = Extract<Command, { readonly type: T }>;

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

export const priorityDefault = 100;
/** Bought units burn after what a tier gives and takes away again, unless the grant says otherwise. */
export const priorityPurchased = 200;
