import { z } from 'zod';

import type { EntryView } from '../answers/ledger-answers.ts';
import { decimal, fromWire, type Place, place, time, toWire } from './envelope.ts';

const optionalText = z.string().exactOptional();

/** `ledger.entries.v1`: an entry was committed; `EntryView` says what its members mean. */
export const EntryBooked = z
  .object({
    ...place,
    type: z.literal('EntryBooked'),
    id: z.string(),
    account: z.string(),
    seq: decimal,
    kind: z.string(),
    amount: decimal,
    balance_after: decimal,
    held_after: decimal,
    used_after: decimal,
    unit: z.string(),
    contra: z.string(),
    lot: optionalText,
    hold_id: optionalText,
    source: z.string(),
    request_id: z.string(),
    ordinal: z.int().min(0),
    corrects: optionalText,
    period: optionalText,
    late: z.boolean().exactOptional(),
    rate: z
      .object({
        card: z.string(),
        version: z.int(),
        meter: z.string(),
        inputs: z.record(z.string(), z.string()),
      })
      .exactOptional(),
    occurred_at: time,
    recorded_at: time,
    offset: decimal,
    details: z.record(z.string(), z.unknown()).exactOptional(),
  })
  .meta({ description: 'An entry was committed. Published without the words beside it.' });
export type EntryBooked = z.output<typeof EntryBooked>;

export const toWireEntryBooked = (at: Place, entry: EntryView): string => toWire(at, { type: 'EntryBooked', ...entry });
export const fromWireEntryBooked = (raw: unknown): EntryBooked => fromWire(EntryBooked, raw, 'booked entry');
