import { accountKinds, accountStatuses } from '@tollgate/contracts';
import { z } from 'zod';

import { anything, pageOf, shownAmount, shownTime } from '../../http-kit/openapi/answer-schemas.ts';

const inputs = z.record(z.string(), z.string());
const holdStatus = z.enum(['open', 'settled', 'released', 'expired']);

export const Entry = z
  .object({
    id: z.string(),
    account: z.string(),
    seq: shownAmount,
    kind: z.string(),
    amount: shownAmount,
    balance_after: shownAmount,
    held_after: shownAmount,
    used_after: shownAmount,
    unit: z.string(),
    contra: z.string(),
    lot: z.string().optional(),
    hold_id: z.string().optional(),
    source: z.string(),
    request_id: z.string(),
    ordinal: z.int().min(0),
    corrects: z.string().optional(),
    period: z.string().optional(),
    late: z.boolean().optional(),
    rate: z.object({ card: z.string(), version: z.int(), meter: z.string(), inputs }).optional(),
    occurred_at: shownTime,
    recorded_at: shownTime,
    offset: shownAmount,
    details: anything.optional(),
  })
  .meta({ id: 'Entry' });

const HoldState = z.object({
  hold_id: z.string(),
  account: z.string(),
  amount: shownAmount,
  status: holdStatus,
  expires_at: shownTime,
  settled_amount: shownAmount.optional(),
});

export const Account = z
  .object({
    id: z.string(),
    kind: z.enum(accountKinds),
    unit: z.string(),
    status: z.enum([...accountStatuses, 'suspended', 'closed', 'frozen']),
    owner: z.string().nullable(),
    balance: shownAmount,
    held: shownAmount,
    /** null: nothing limits the account. */
    available: shownAmount.nullable(),
    used: shownAmount,
    used_total: shownAmount,
    settings: z.record(z.string(), z.unknown()),
    as_of: z.object({ seq: shownAmount, recorded_at: shownTime }),
    lots: z.array(
      z.object({
        lot: z.string(),
        granted: shownAmount,
        left: shownAmount,
        priority: z.int(),
        expires_at: shownTime.nullable(),
        kind: z.literal('purchased').optional(),
      }),
    ),
    holds: z.array(HoldState),
    limits: z.array(
      z.object({
        account: z.string(),
        limit: shownAmount,
        period: z.string().optional(),
        model: z.string().optional(),
        used: shownAmount,
        held: shownAmount,
        remaining: shownAmount,
        resets_at: shownTime.optional(),
      }),
    ),
    period: z.object({ start: shownTime, end: shownTime }).optional(),
    opened_at: shownTime,
  })
  .meta({ id: 'Account' });

const Limit = Account.shape.limits.element;
export const AccountsFound = pageOf(
  z.object({
    ...Account.omit({ lots: true, holds: true }).shape,
    nearest: z.object({ ...Limit.shape, used_percent: z.string() }).nullable(),
  }),
).meta({ id: 'AccountsFound' });
export const Customers = pageOf(
  z.object({
    user_id: z.string(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    customer_id: z.string().nullable(),
    payment_method: z.string().nullable(),
    accounts: z.array(
      Account.pick({
        id: true,
        kind: true,
        unit: true,
        status: true,
        balance: true,
        held: true,
        available: true,
        used: true,
      }),
    ),
    more_accounts: z.boolean(),
  }),
).meta({ id: 'Customers' });

export const Entries = pageOf(Entry).extend({ total: z.int().optional() }).meta({ id: 'Entries' });
/** The entry is null when nothing had to be booked, `available` when nothing limits the account. */
export const Booked = z.object({ entry: Entry, available: shownAmount.nullable() }).meta({ id: 'Booked' });
export const HoldOpened = z
  .object({
    hold_id: z.string(),
    amount: shownAmount,
    expires_at: shownTime,
    available: shownAmount.nullable(),
  })
  .meta({ id: 'HoldOpened' });
export const HoldChanged = z
  .object({
    hold_id: z.string(),
    status: holdStatus,
    amount: shownAmount,
    expires_at: shownTime,
    entry: Entry.optional(),
    available: shownAmount.nullable(),
  })
  .meta({ id: 'HoldChanged' });

export const ExplainedEntry = z
  .object({
    entry: Entry,
    rate: z.object({ card: z.string(), version: z.int(), effective_from: shownTime }).nullable(),
    inputs,
    steps: z.array(z.object({ step: z.string(), formula: z.string(), result: z.string() })),
    result: z.string(),
  })
  .meta({ id: 'ExplainedEntry' });
const hash = z.string();
export const Proof = z
  .object({
    entry: z.string(),
    leaf: z.string(),
    leaf_hash: hash,
    leaf_index: z.int().min(0),
    tree_size: z.int().min(1),
    path: z.array(hash),
    seal: z.object({
      partition: z.int(),
      number: shownAmount,
      from_seq: shownAmount,
      to_seq: shownAmount,
      root: hash,
      previous: hash,
      seal_hash: hash,
      sealed_at: shownTime,
    }),
  })
  .meta({ id: 'Proof' });

export const EventsAccepted = z
  .object({
    accepted: z.int().min(0),
    receipts: z.array(z.object({ id: z.string(), partition: z.int(), offset: z.int() })),
    rejected: z.array(
      z.object({ index: z.int().min(0), id: z.string().optional(), code: z.string(), detail: z.string() }),
    ),
  })
  .meta({ id: 'EventsAccepted' });
export const EventsBooked = z
  .object({
    results: z.array(
      z.object({
        id: z.string().optional(),
        status: z.enum(['booked', 'duplicate', 'refused']),
        entry: Entry.optional(),
        problem: anything.optional(),
      }),
    ),
  })
  .meta({ id: 'EventsBooked' });
export const KnownEvents = z
  .object({ known: z.array(z.boolean()), reused: z.array(z.boolean()) })
  .meta({ id: 'KnownEvents' });
export type KnownEvents = z.output<typeof KnownEvents>;
export const RefusedEvents = pageOf(
  z.object({
    account: z.string(),
    source: z.string(),
    id: z.string(),
    type: z.string(),
    code: z.string(),
    detail: z.string(),
    refused_at: shownTime,
    cursor: z.string(),
  }),
).meta({ id: 'RefusedEvents' });

export const Refusals = pageOf(
  z.object({
    account: z.string(),
    refused_at: shownTime,
    code: z.string(),
    detail: z.string(),
    limit: z
      .object({
        account: z.string(),
        limit: shownAmount.optional(),
        period: z.string().optional(),
        model: z.string().optional(),
      })
      .optional(),
    asked: shownAmount.optional(),
    available: shownAmount.optional(),
    resets_at: shownTime.optional(),
    source: z.string(),
    request_id: z.string(),
    type: z.string(),
    correlation_id: z.string().optional(),
    answered: z.boolean(),
    count: z.int().min(1),
  }),
).meta({ id: 'Refusals' });

export const DeadLetters = pageOf(
  z.object({
    id: z.string(),
    partition: z.int(),
    offset: shownAmount,
    reason: z.string(),
    key: z.string(),
    value: z.string(),
    recorded_at: shownTime,
    cursor: z.string(),
  }),
).meta({ id: 'DeadLetters' });
export const Replayed = z.object({ id: z.string(), partition: z.int(), offset: z.int() });

export const CatalogVersion = z
  .object({
    catalog: z.enum(['rate-card', 'price-plan']),
    name: z.string(),
    version: z.int(),
    effective_from: shownTime,
    content: anything,
    published_at: shownTime,
    status: z.enum(['booked', 'pending']),
  })
  .meta({ id: 'CatalogVersion' });
export const CatalogVersions = z.object({ items: z.array(CatalogVersion) });

export const Now = z.object({ now: shownTime });
