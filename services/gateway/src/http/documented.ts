import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth, ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiSecurity,
} from '@nestjs/swagger';
import type { ErrorCode } from '@tollgate/kernel';
import { creditsEnvelope, licenceEnvelope, optimizeEnvelope, problemJson, tierBillingEnvelope, tokenEnvelope } from './envelopes.ts';
import type { Envelope } from './envelopes.ts';
import { statusOfCode } from './failure.ts';

const surfaces = {
  native: problemJson, 'licence keys': licenceEnvelope, credits: creditsEnvelope, 'token process': tokenEnvelope, 'tier billing': tierBillingEnvelope,
  optimize: optimizeEnvelope,
} as const;

export type Documentation = {
  readonly summary: string;
  readonly description?: string;
  /** Credentials that open the route. */
  readonly auth: 'server key' | 'server key or owner' | 'admin' | 'user' | 'none' | 'activation key' | 'optimize admin';
  readonly status: number;
  readonly example: unknown;
  readonly errors?: readonly (ErrorCode | readonly [status: number, detail: string])[];
  readonly surface?: keyof typeof surfaces;
  /** Takes an Idempotency-Key. */
  readonly once?: boolean;
};

const always: readonly ErrorCode[] = ['REQUEST_INVALID'];
const authErrors: readonly ErrorCode[] = ['CREDENTIALS_MISSING', 'SCOPE_MISSING'];

/** What OpenAPI says of a route: who may call it, its answer with an example, its errors in the surface's own shape. */
export function documented(about: Documentation): MethodDecorator {
  const envelope = surfaces[about.surface ?? 'native'];
  const errors = [
    ...always, ...authErrorsOf(about.auth), ...(about.errors ?? []),
    ...(about.once === true ? (['IDEMPOTENCY_KEY_REUSED', 'LOG_UNAVAILABLE'] as const) : []),
  ];
  return applyDecorators(
    ApiOperation({ summary: about.summary, ...(about.description === undefined ? {} : { description: about.description }) }),
    ApiProduces('application/json'),
    ...security(about.auth),
    ...(about.once === true
      ? [ApiHeader({ name: 'Idempotency-Key', required: false, description: 'Same key and same body: the first answer again. Kept for ever.' })]
      : []),
    ApiResponse({ status: about.status, description: 'done', content: { 'application/json': { example: about.example, schema: {} } } }),
    ...errorResponses(errors, envelope),
  );
}

function authErrorsOf(auth: Documentation['auth']): readonly ErrorCode[] {
  switch (auth) {
    case 'none':
      return [];
    case 'activation key':
      return ['TOKEN_REQUIRED', 'TOKEN_INVALID'];
    case 'optimize admin':
      return ['TOKEN_REQUIRED', 'ADMIN_REQUIRED'];
    default:
      return authErrors;
  }
}

function security(auth: Documentation['auth']): (MethodDecorator & ClassDecorator)[] {
  switch (auth) {
    case 'none':
      return [];
    case 'activation key':
    case 'optimize admin':
      return [ApiSecurity('activation-key')];
    case 'user':
      return [ApiBearerAuth('login'), ApiSecurity('user-key')];
    case 'server key':
      return [ApiSecurity('server-key')];
    case 'admin':
    case 'server key or owner':
      return [ApiSecurity('server-key'), ApiBearerAuth('login')];
  }
}

/** One response a status; several errors of one status are examples of it. */
function errorResponses(errors: NonNullable<Documentation['errors']>, envelope: Envelope): MethodDecorator[] {
  const byStatus = new Map<number, Record<string, { value: unknown }>>();
  for (const error of errors) {
    const [status, detail] = typeof error === 'string' ? [statusOfCode(error), error.toLowerCase().replaceAll('_', ' ')] : error;
    const code = typeof error === 'string' ? error : 'REQUEST_INVALID';
    const examples = byStatus.get(status) ?? {};
    // Input that a schema refused names its members.
    const sources = error === 'REQUEST_INVALID' ? { sources: [{ path: 'member', message: detail }] } : {};
    examples[typeof error === 'string' ? error : detail] = { value: envelope.body({ status, code, detail, ...sources }, 'k3x9-17') };
    byStatus.set(status, examples);
  }
  const [contentType = 'application/json'] = envelope.contentType.split(';');
  return [...byStatus].map(([status, examples]) =>
    ApiResponse({ status, description: Object.keys(examples).join(', '), content: { [contentType]: { examples, schema: {} } } }),
  );
}
