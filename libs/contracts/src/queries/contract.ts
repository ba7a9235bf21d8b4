import { AppError } from '@tollgate/kernel';
import { z } from 'zod';

/**
 * What each query of a set asks, as a schema: what arrives over the wire is checked before anything is done with it.
 */
export type QueryContract<Queries> = {
  readonly [Name in keyof Queries]: Queries[Name] extends (query: infer Query) => Promise<unknown>
    ? z.ZodType<Query>
    : never;
};

/** The names of a contract. */
export const namesOf = <Queries>(contract: QueryContract<Queries>): readonly (keyof Queries & string)[] =>
  Object.keys(contract) as (keyof Queries & string)[];

/**
 * The query as its contract has it.
 * @throws AppError('invalid', REQUEST_INVALID) that names the first member at fault.
 */
export function checkedQuery(schema: z.ZodType, query: unknown): unknown {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const member = issue?.path.join('.') ?? '';
  throw new AppError('invalid', 'REQUEST_INVALID', `${member === '' ? 'the query' : member}: ${issue?.message ?? ''}`);
}

/** Text of any length: bounds are the business of who takes it from clients. */
export const text = z.string();
/** A decimal string of an integer. */
export const decimal = z.string().regex(/^-?(0|[1-9][0-9]*)$/, 'must be a decimal string of an integer');
/** ISO 8601 with a time zone. */
export const moment = z.iso.datetime({ offset: true });
export const count = z.int().min(0);
export const limit = z.int().min(1).max(100_000);
export const nothing = z.strictObject({}) as unknown as z.ZodType<Record<string, never>>;
/** Who acts, and from where. */
export const act = { by: text, address: text.exactOptional() };
/** A page of a list that is numbered. */
export const numbered = { offset: count, limit };
