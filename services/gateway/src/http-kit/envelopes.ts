import type { Failure } from './failure.ts';

/** How a surface words its errors. */
export type Envelope = {
  readonly contentType: string;
  body(failure: Failure, correlationId: string): unknown;
};

const titles = new Map<string, { readonly type: string; readonly title: string }>();

function titleOf(code: string): { readonly type: string; readonly title: string } {
  let known = titles.get(code);
  if (known === undefined) {
    const words = code.toLowerCase().replaceAll('_', ' ');
    known = {
      type: `urn:tollgate:problem:${words.replaceAll(' ', '-')}`,
      title: words.charAt(0).toUpperCase() + words.slice(1),
    };
    titles.set(code, known);
  }
  return known;
}

/** RFC 9457, with our code and the correlation id. */
export const problemJson: Envelope = {
  contentType: 'application/problem+json; charset=utf-8',
  body: (failure, correlationId) => {
    const { type, title } = titleOf(failure.code);
    const { status, code, detail, fields } = failure;
    return { type, title, status, code, detail, correlation_id: correlationId, ...fields };
  },
};

/** `{success:false, error}` of the licence-key surface. */
export const licenceEnvelope: Envelope = {
  contentType: 'application/json; charset=utf-8',
  body: (failure) => ({ success: false, error: failure.detail }),
};

/** `{error, detail?, status?}` of the credits surface, without `success`. */
export const creditsEnvelope: Envelope = {
  contentType: 'application/json; charset=utf-8',
  body: ({ status, code, detail, fields }) => {
    if (status === 401) return { error: 'Unauthorized' };
    return { error: titleOf(code).title, detail, status, ...fields };
  },
};

/**
 * `{success:false, status, message, sources?}` of the token-process surface; input that cannot be read is a validation
 * error too.
 */
export const tokenEnvelope: Envelope = {
  contentType: 'application/json; charset=utf-8',
  body: ({ status, code, detail, sources }) => {
    if (sources !== undefined) return { success: false, status, message: 'Validation Error', sources };
    if (code === 'BODY_MALFORMED')
      return { success: false, status, message: 'Validation Error', sources: [{ path: '', message: detail }] };
    return { success: false, status, message: detail };
  },
};

/** `{success:false, error, details?}` of the tier-billing surface. */
export const tierBillingEnvelope: Envelope = {
  contentType: 'application/json; charset=utf-8',
  body: ({ code, detail, fields }, correlationId) => ({
    success: false,
    error: detail,
    details: { code, correlation_id: correlationId, ...fields },
  }),
};

/**
 * `{success:false, error, code, quota_info?}` of the optimize surface. For tasks that do not exist any more: `message`
 * alone.
 */
export const optimizeEnvelope: Envelope = {
  contentType: 'application/json; charset=utf-8',
  body: ({ code, detail, fields }) => {
    if (code === 'TASK_UNKNOWN' || code === 'TASK_EXPIRED') return { success: false, message: detail };
    const quotaInfo = fields?.['quota_info'];
    return { success: false, error: detail, code, ...(quotaInfo === undefined ? {} : { quota_info: quotaInfo }) };
  },
};

/**
 * Maps path prefixes to surfaces; used before routing too (surfaces §0.1). The first match wins, so narrower prefixes
 * come first. All other paths use problem+json.
 */
const prefixes: readonly (readonly [prefix: string, envelope: Envelope])[] = [
  ['/api/user/usage', creditsEnvelope],
  ['/api/projects', creditsEnvelope],
  ['/api/review', creditsEnvelope],
  ['/api/admin/credits', creditsEnvelope],
  ['/api/token-billing', tierBillingEnvelope],
  ['/api/admin/billing', tierBillingEnvelope],
  ['/api/webhooks', tierBillingEnvelope],
  ['/api/user', licenceEnvelope],
  ['/api/auth', licenceEnvelope],
  ['/api/license', licenceEnvelope],
  ['/api/admin/license-keys', licenceEnvelope],
  ...['token-process', 'features', 'feature-endpoints', 'packages', 'token-profits', 'user-wallets'].map(
    (name) => [`/api/${name}`, tokenEnvelope] as const,
  ),
  ['/api/optimize', optimizeEnvelope],
];

/** The envelope of a request's path (a query may follow). A prefix ends at a slash, at the query or at the end. */
export function envelopeOf(url: string): Envelope {
  for (const [prefix, envelope] of prefixes) {
    if (!url.startsWith(prefix)) continue;
    const next = url.charCodeAt(prefix.length);
    // "/", "?", "#" or the end of the text (NaN).
    if (Number.isNaN(next) || next === 47 || next === 63 || next === 35) return envelope;
  }
  return problemJson;
}
