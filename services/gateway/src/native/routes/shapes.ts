import { accountKinds } from '@tollgate/contracts';
import { isTimeZone, parsePeriod, quantityClasses, timeZoneMessage } from '@tollgate/pricing';
import { z } from 'zod';

import { accountId } from '../../http-kit/account-shape.ts';
import { instant } from '../../http-kit/instant-shape.ts';
import { cursorPage } from '../../http-kit/paging.ts';
import { textOf } from '../../http-kit/text-shape.ts';

const amountMax = 2n ** 63n - 1n;
const wholeNumber = /^-?(0|[1-9][0-9]*)$/;
const outOfRange = { code: 'AMOUNT_OUT_OF_RANGE' };

/** A decimal string of an integer from `min` (0n or 1n) to 2^63-1. */
export const amountFrom = (min: 0n | 1n) =>
  z
    .string({ error: 'an amount is a decimal string of an integer' })
    .max(64)
    .refine((text) => wholeNumber.test(text) && BigInt(text) >= min && BigInt(text) <= amountMax, {
      error: `an amount is a decimal string of an integer from ${min} to 2^63-1`,
      params: outOfRange,
    })
    .meta({ pattern: min === 0n ? '^(0|[1-9][0-9]{0,18})$' : '^[1-9][0-9]{0,18}$' });

const period = z
  .string()
  .max(40)
  .refine(isPeriod, {
    error: 'must be calendar:day, calendar:week, calendar:month or an ISO 8601 duration such as P30D or P1M',
  })
  .meta({ example: 'P30D' });

function isPeriod(value: string): boolean {
  try {
    parsePeriod(value);
    return true;
  } catch {
    return false;
  }
}

const periodLimit = z.strictObject({ amount: amountFrom(0n), period, model: textOf(256).optional() });
const settings = {
  limit: amountFrom(0n),
  limits: z.array(periodLimit).max(20),
  overdraft: z.union([z.literal('unlimited'), amountFrom(0n)]),
  allowance: amountFrom(0n),
  period,
  time_zone: z.string().max(80).refine(isTimeZone, { error: timeZoneMessage }).meta({ example: 'America/Sao_Paulo' }),
  detached: z.boolean(),
  trial_end: instant,
  plan: textOf(128),
};
export const Settings = z.strictObject(settings).partial();
/** null removes a setting. */
const SettingsPatch = z
  .strictObject({
    limit: settings.limit.nullable(),
    limits: settings.limits.nullable(),
    overdraft: settings.overdraft.nullable(),
    allowance: settings.allowance.nullable(),
    period: settings.period.nullable(),
    time_zone: settings.time_zone.nullable(),
    detached: settings.detached.nullable(),
    trial_end: settings.trial_end.nullable(),
    plan: settings.plan.nullable(),
  })
  .partial();

export const ChangeAccount = z
  .strictObject({
    settings: SettingsPatch.optional(),
    owner: textOf(255).nullable().optional(),
    status: z.enum(['active', 'suspended', 'closed']).optional(),
    forfeit: z.boolean().optional(),
    reason: textOf(1_000).optional(),
  })
  .refine(({ settings: given, owner, status }) => given !== undefined || owner !== undefined || status !== undefined, {
    error: 'give settings, owner or status to change',
  })
  .refine(({ status, forfeit }) => forfeit !== true || status === 'closed', {
    error: 'forfeit goes with "status": "closed"',
  })
  .meta({ example: { settings: { limit: '5000', overdraft: null }, reason: 'contract 2026-118' } });
export type ChangeAccount = z.output<typeof ChangeAccount>;

export const OpenAccount = z
  .object({
    id: accountId,
    kind: z.enum(accountKinds),
    unit: textOf(64),
    owner: textOf(255).optional(),
    settings: Settings.optional(),
  })
  .meta({ example: { id: 'acme/team-a', kind: 'wallet', unit: 'token', settings: { overdraft: '100' } } });
export type OpenAccount = z.output<typeof OpenAccount>;

export const Grant = z
  .object({
    amount: amountFrom(1n),
    kind: z.literal('purchased', 'must be "purchased", or be left out').optional(),
    priority: z.int().min(0).max(1_000_000).optional(),
    expires_at: instant.optional(),
    reason: textOf(1_000),
  })
  .meta({ example: { amount: '1000', reason: 'invoice 2026-118' } });
export type Grant = z.output<typeof Grant>;

const metadata = z.record(z.string(), z.unknown()).optional();
const usage = z
  .record(z.string(), z.unknown())
  .optional()
  .meta({
    description:
      `model?, and counts that do not overlap: ${quantityClasses.join(', ')}, ` + "or names of the rate card's own",
  });
/** What a spend takes: an amount, or usage that is rated. */
export const spendMembers = { amount: amountFrom(1n).optional(), usage, metadata };
export const isOne = (body: { readonly amount?: unknown; readonly usage?: unknown }): boolean =>
  (body.amount === undefined) !== (body.usage === undefined);
export const oneOf = { error: 'give either amount or usage ({model?, input_tokens, output_tokens, …})' };

export const Spend = z
  .object(spendMembers)
  .refine(isOne, oneOf)
  .meta({ example: { amount: '1', metadata: { feature: 'search' } } });
export type Spend = z.output<typeof Spend>;

export const Hold = z
  .object({
    amount: amountFrom(1n),
    expires_in_s: z
      .int()
      .min(1)
      .max(366 * 86_400),
    parent_hold_id: z.string().max(200).optional(),
  })
  .meta({ example: { amount: '50', expires_in_s: 600 } });
export type Hold = z.output<typeof Hold>;

export const Settle = z
  .object({ amount: amountFrom(0n).optional(), usage })
  .refine(isOne, oneOf)
  .meta({ example: { amount: '42' } });
export type Settle = z.output<typeof Settle>;
export const Extend = z.object({ amount: amountFrom(1n) }).meta({ example: { amount: '10' } });
export const Nothing = z.record(z.string(), z.unknown()).nullish().meta({ example: {} });

export const Correct = z
  .object({ reason: textOf(1_000), amount: amountFrom(1n).optional() })
  .meta({ example: { reason: 'charged twice by the caller', amount: '1' } });
export type Correct = z.output<typeof Correct>;

export const EntriesQuery = z.object({
  ...cursorPage,
  from: instant.optional(),
  to: instant.optional(),
});
export type EntriesQuery = z.output<typeof EntriesQuery>;
export const AccountQuery = z.object({ at: instant.optional() });
export type AccountQuery = z.output<typeof AccountQuery>;
const share = /^([0-9]{1,4})(?:\.([0-9]{1,2}))?%?$/;
const shareMessage = 'must be a share in percent, such as 80% or 99.5%';
/** Hundredths of a percent. */
const percent = z
  .string()
  .regex(share, shareMessage)
  .transform((text) => Number(share.exec(text)?.[1]) * 100 + Number((share.exec(text)?.[2] ?? '').padEnd(2, '0')))
  .meta({ example: '80%' });
export const FindAccountsQuery = z.strictObject({
  used_above: percent.optional(),
  balance_below: amountFrom(0n).optional(),
  unit: textOf(64).optional(),
  owner: textOf(255).optional(),
  ...cursorPage,
});
export type FindAccountsQuery = z.output<typeof FindAccountsQuery>;
export const FindCustomersQuery = z
  .strictObject({
    email: textOf(254).optional(),
    owner: textOf(255).optional(),
    external_id: textOf(255).optional(),
    after: textOf(255).optional(),
    limit: cursorPage.limit,
  })
  .refine(
    ({ email, owner, external_id: external }) =>
      [email, owner, external].filter((given) => given !== undefined).length === 1,
    {
      error: 'give one of email, owner and external_id',
    },
  );
export type FindCustomersQuery = z.output<typeof FindCustomersQuery>;
export const RefusedQuery = z.object({ account: accountId.optional(), ...cursorPage });
export type RefusedQuery = z.output<typeof RefusedQuery>;
export const RefusalsQuery = z.object({
  account: accountId.optional(),
  under: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  code: textOf(64).optional(),
  ...cursorPage,
});
export type RefusalsQuery = z.output<typeof RefusalsQuery>;
export const PagedQuery = z.object({ ...cursorPage });
export type PagedQuery = z.output<typeof PagedQuery>;
export const EventsQuery = z.object({ wait: z.literal('booked').optional() });
export type EventsQuery = z.output<typeof EventsQuery>;

export const Advance = z
  .object({
    seconds: z
      .int()
      .min(0)
      .max(10 * 366 * 86_400),
  })
  .meta({ example: { seconds: 86_400 } });
export type Advance = z.output<typeof Advance>;
