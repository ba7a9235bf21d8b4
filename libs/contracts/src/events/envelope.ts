import { AppError } from '@tollgate/kernel';
import { z } from 'zod';

/**
 * Parts of published events. A message is JSON; names are snake_case, amounts decimal strings, times ISO 8601 in UTC.
 */
export const decimal = z.string().regex(/^-?[0-9]{1,19}$/);
export const time = z.iso.datetime({ offset: true });
/** Where an event stands: repeats carry the same place, so that a consumer keeps the last one and ignores the rest. */
export const place = {
  schemaVersion: z.literal(1),
  partition: z.int().min(0),
  partition_seq: decimal.describe('Counts up in its partition of its topic; a repeat carries the same.'),
};
export type Place = { readonly partition: number; readonly seq: number | bigint };

/** The value of a message. Members that are undefined do not travel. */
export const toWire = (
  { partition, seq }: Place,
  event: { readonly type: string } & Readonly<Record<string, unknown>>,
): string => JSON.stringify({ schemaVersion: 1, partition, partition_seq: String(seq), ...event });

/**
 * Reads a message by its schema; members that it does not name are left out, because optional ones may be added freely.
 * @throws AppError('invalid', EVENT_MALFORMED) that says which member is at fault: a consumer puts it aside as a dead
 * letter.
 */
export function fromWire<Schema extends z.ZodType>(schema: Schema, raw: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError('invalid', 'EVENT_MALFORMED', `this is no ${what}: ${issue?.path.join('.') ?? ''}`);
}
