import type { Account } from './account.ts';

/** How an account's units divide into bought ones and those of its tier; open holds reserve the tier's first. */
export type Divided = {
  /** Bought and not used: tier changes neither wipe nor count them. */
  readonly purchased: bigint;
  /** All others; below 0 after an overdraft. */
  readonly own: bigint;
  /** What of the others open holds reserve. */
  readonly ownHeld: bigint;
};

export function divided(account: Readonly<Account>): Divided {
  let purchased = 0n;
  for (const lot of account.lots) if (lot.purchased) purchased += lot.left;
  const own = account.balance - purchased;
  const beyondOwn = account.held - (own > 0n ? own : 0n);
  const boughtHeld = beyondOwn > purchased ? purchased : beyondOwn;
  return { purchased, own, ownHeld: boughtHeld > 0n ? account.held - boughtHeld : account.held };
}
