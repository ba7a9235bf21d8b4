import { z } from 'zod';

/** A JSON schema as OpenAPI 3.0 has them. */
export type Schema = Readonly<Record<string, unknown>>;

const named = new Map<string, Schema>();

/**
 * The JSON schema of an answer. Schemas with an `id` (`.meta({ id })`) become components of the document and are
 * referenced. Members may be added to answers at any time, so no schema is closed.
 */
export function schemaOf(shape: z.ZodType): Schema {
  const { definitions = {}, ...schema } = z.toJSONSchema(shape, {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'any',
  }) as Schema & {
    readonly definitions?: Readonly<Record<string, Schema>>;
  };
  for (const [name, definition] of Object.entries(definitions)) named.set(name, linked(definition) as Schema);
  return linked(schema) as Schema;
}

/** All named schemas seen by `schemaOf`, by name. */
export const componentSchemas = (): Readonly<Record<string, Schema>> =>
  Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1)));

function linked(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^#\/definitions\//, '#/components/schemas/');
  if (Array.isArray(value)) return value.map(linked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, linked(item)]));
}

/** A decimal string of an integer, in the account's smallest unit. */
export const shownAmount = z.string().regex(/^-?[0-9]+$/);
/** ISO 8601 with milliseconds in UTC. */
export const shownTime = z.string().meta({ format: 'date-time' });
/** A JSON number within 2^53. */
export const shownInteger = z.int();
export const anything = z.record(z.string(), z.unknown());
/** A page of a list with a cursor: `after` of the next request. */
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });
