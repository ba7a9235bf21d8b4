import { isUtf8 } from 'node:buffer';

import type { QuotaCheck, QuotaQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

type Fields = Readonly<Record<string, unknown>>;

/** The header `X-Token`; null if it is missing or empty. Node decodes headers as Latin-1, so UTF-8 is restored. */
export function headerKey({ headers }: FastifyRequest): string | null {
  const given = headers['x-token'];
  if (typeof given !== 'string' || given === '') return null;
  const bytes = Buffer.from(given, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : given;
}

/**
 * A customer's activation key: the header, else the field `token`, else the query. @throws AppError('invalid',
 * TOKEN_REQUIRED)
 */
export function activationKeyOf(request: FastifyRequest, fields: Fields = {}): string {
  const header = headerKey(request);
  for (const given of [fields['token'], (request.query as Fields)['token']]) {
    if (given === undefined || given === null || given === '') continue;
    // Checked even if the header takes precedence, so that invalid input is reported.
    if (typeof given !== 'string') throw new AppError('invalid', 'VALIDATION_FAILED', 'token must be a string');
    if (header === null) return given;
  }
  if (header !== null) return header;
  throw new AppError('invalid', 'TOKEN_REQUIRED', 'Token is required');
}

/**
 * The members of a JSON body; without a body there are none. @throws AppError('invalid', VALIDATION_FAILED) for no
 * object.
 */
export function fieldsOf(body: unknown): Fields {
  if (body === undefined || body === null) return {};
  if (typeof body === 'object' && !Array.isArray(body)) return body as Fields;
  throw new AppError('invalid', 'VALIDATION_FAILED', 'The body must be a JSON object');
}

/** @throws AppError('invalid', TOKEN_INVALID) */
export async function validQuota(
  quota: QuotaQueries,
  token: string,
  options: { readonly refresh?: boolean; readonly use?: boolean } = {},
): Promise<QuotaCheck & { valid: true }> {
  const checked = await quota.check({ token, ...options });
  if (!checked.valid) throw new AppError('invalid', 'TOKEN_INVALID', 'Token is invalid or has expired');
  return checked;
}
