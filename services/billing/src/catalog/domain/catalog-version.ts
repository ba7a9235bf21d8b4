import type { CatalogItem } from '@tollgate/contracts';
import { AppError, isStorableJson } from '@tollgate/kernel';
import { parsePricePlan, parseRateCard } from '@tollgate/pricing';

export type Publication = {
  readonly catalog: CatalogItem['catalog'];
  readonly name: string;
  readonly content: unknown;
  /** ISO 8601. */
  readonly effectiveFrom?: string;
};
export type CheckedPublication = {
  readonly catalog: CatalogItem['catalog'];
  readonly name: string;
  readonly content: unknown;
  readonly effectiveFromMs: number;
};

const nameOfCatalog = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

const parsers: Readonly<Record<CatalogItem['catalog'], (content: unknown) => unknown>> = {
  'rate-card': parseRateCard,
  'price-plan': parsePricePlan,
};

/**
 * What may be published: a readable rate card or price plan under a plain name, in force now or later.
 * @throws AppError('invalid', CATALOG_INVALID) saying what is wrong.
 * @throws AppError('conflict', CATALOG_CONFLICT) when it would be in force before it was published (rule 19).
 */
export function checkPublication(publication: Publication, nowMs: number): CheckedPublication {
  const { catalog, name, content, effectiveFrom } = publication;
  const parse = parsers[catalog];
  if (parse === undefined) throw new AppError('invalid', 'CATALOG_INVALID', `there is no catalog ${String(catalog)}`);
  if (typeof name !== 'string' || !nameOfCatalog.test(name)) {
    throw new AppError(
      'invalid',
      'CATALOG_INVALID',
      'a name has 1 to 64 characters: a-z, 0-9, dot, hyphen and underscore',
    );
  }
  if (!isStorableJson(content))
    throw new AppError(
      'invalid',
      'CATALOG_INVALID',
      'the content holds text that cannot be stored, or is nested too deeply',
    );
  parse(content);
  return { catalog, name, content, effectiveFromMs: startOf(effectiveFrom, nowMs) };
}

function startOf(effectiveFrom: string | undefined, nowMs: number): number {
  if (effectiveFrom === undefined) return nowMs;
  const startMs = isoTime.test(effectiveFrom) ? Date.parse(effectiveFrom) : Number.NaN;
  if (Number.isNaN(startMs))
    throw new AppError('invalid', 'CATALOG_INVALID', 'effective_from is an ISO 8601 time with its zone');
  if (startMs < nowMs)
    throw new AppError(
      'conflict',
      'CATALOG_CONFLICT',
      'a version is never back-dated: effective_from lies in the past',
    );
  return startMs;
}
