import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiHeader,
  ApiOperation,
  ApiProduces,
  ApiQuery,
  ApiResponse,
  ApiSecurity,
} from '@nestjs/swagger';
import type { ErrorCode } from '@tollgate/kernel';
import type { z } from 'zod';

import type { Envelope } from '../envelopes.ts';
import {
  creditsEnvelope,
  licenceEnvelope,
  optimizeEnvelope,
  problemJson,
  tierBillingEnvelope,
  tokenEnvelope,
} from '../envelopes.ts';
import { statusOfCode } from '../failure.ts';
import { schemaOf } from './answer-schemas.ts';
import {
  CreditsError,
  LicenceKeyError,
  OptimizeError,
  Problem,
  TierBillingError,
  TokenProcessError,
} from './error-shapes.ts';

const shapes = new Map<Envelope, z.ZodType>([
  [problemJson, Problem],
  [licenceEnvelope, LicenceKeyError],
  [creditsEnvelope, CreditsError],
  [tokenEnvelope, TokenProcessError],
  [tierBillingEnvelope, TierBillingError],
  [optimizeEnvelope, OptimizeError],
]);
const surfaces = {
  native: problemJson,
  'licence keys': licenceEnvelope,
  credits: creditsEnvelope,
  'token process': tokenEnvelope,
  'tier billing': tierBillingEnvelope,
  optimize: optimizeEnvelope,
} as const;

/**
 * A code; or a status with the text that clients see, then the code shown, or the whole body if it has members that the
 * envelope does not have.
 */
export type DocumentedError =
  ErrorCode | readonly [status: number, detail: string, shown?: ErrorCode | Readonly<Record<string, unknown>>];
type DocumentedAnswer = {
  readonly status: number;
  readonly description: string;
  readonly example: unknown;
  readonly answer: z.ZodType;
};

export type Documentation = {
  readonly summary: string;
  readonly description?: string;
  /** Credentials that the route accepts. */
  readonly auth: 'server key' | 'server key or owner' | 'admin' | 'user' | 'none' | 'activation key' | 'optimize admin';
  readonly status: number;
  readonly example: unknown;
  /** Schema of the answer. */
  readonly answer: z.ZodType;
  /** Other successful answers. */
  readonly also?: readonly DocumentedAnswer[];
  /** Content types of an answer that is not JSON; its schema is then a string or binary. */
  readonly produces?: readonly string[];
  /** Text formats that the caller may request instead, each with an example. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Describes the body if no parameter has a schema for it. */
  readonly body?: {
    readonly required: boolean;
    readonly description: string;
    readonly content: Record<string, object>;
  };
  readonly errors?: readonly DocumentedError[];
  readonly surface?: keyof typeof surfaces;
  /** A service that the route depends on: it answers 503 without it. */
  readonly asks?: 'billing';
  /** Takes an Idempotency-Key. */
  readonly once?: boolean;
  /** The route needs nothing outside this process, so it has none of the errors that all other routes have. */
  readonly local?: boolean;
};

const json = 'application/json';
const always: readonly ErrorCode[] = [
  'REQUEST_INVALID',
  'LEDGER_UNAVAILABLE',
  'LEDGER_DATABASE_UNAVAILABLE',
  'GATEWAY_DATABASE_UNAVAILABLE',
  'SERVICE_STOPPING',
];
/** Surfaces whose routes depend on billing. */
const ofBilling: ReadonlySet<string> = new Set(['tier billing', 'token process']);
const billingErrors: readonly ErrorCode[] = ['BILLING_UNAVAILABLE', 'BILLING_DATABASE_UNAVAILABLE'];
const loginErrors: readonly ErrorCode[] = ['CREDENTIALS_MISSING', 'CREDENTIALS_INVALID'];
const keyErrors: readonly ErrorCode[] = [...loginErrors, 'SCOPE_MISSING', 'RATE_LIMITED'];

/** Documents a route in OpenAPI: who may call it, its answers with examples, and its errors in the surface's format. */
export function documented(about: Documentation): MethodDecorator {
  const { status, example, answer, also = [], produces = [json], texts = {} } = about;
  const errors = [
    ...(about.local === true ? [] : always),
    ...(about.asks === 'billing' || ofBilling.has(about.surface ?? '') ? billingErrors : []),
    ...authErrorsOf(about.auth),
    ...(about.errors ?? []),
    ...(about.once === true ? (['IDEMPOTENCY_KEY_REUSED', 'LOG_UNAVAILABLE', 'OVERLOADED'] as const) : []),
  ];
  return applyDecorators(
    ApiOperation({
      summary: about.summary,
      ...(about.description === undefined ? {} : { description: about.description }),
      ...(about.body === undefined ? {} : { requestBody: about.body }),
    }),
    ApiProduces(...produces, ...Object.keys(texts)),
    ...security(about.auth),
    ...(about.once === true ? [ApiHeader(idempotencyKey)] : []),
    ...[{ status, description: 'done', example, answer }, ...also].map((one) =>
      one.status === status ? answerResponse(one, produces, texts) : answerResponse(one, [json]),
    ),
    ...errorResponses(
      errors,
      surfaces[about.surface ?? 'native'],
      also.map((one) => one.status),
    ),
  );
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  required: false,
  description:
    "Same key and same body: the first answer again. Kept for ever. A user's keys and those of servers and " +
    'administrators never meet.',
  schema: { type: 'string' as const, pattern: '^[ -~]{1,255}$' },
};

const activationKey = {
  name: 'token',
  required: false,
  description: 'where the header X-Token is not sent',
  schema: { type: 'string' as const },
};

function answerResponse(
  { status, description, example, answer }: DocumentedAnswer,
  types: readonly string[],
  texts: Readonly<Record<string, string>> = {},
): MethodDecorator {
  const content = { schema: schemaOf(answer), example };
  const asTexts = Object.entries(texts).map(
    ([type, text]) => [type, { schema: { type: 'string' }, example: text }] as const,
  );
  return ApiResponse({
    status,
    description,
    content: Object.fromEntries([...types.map((type) => [type, content] as const), ...asTexts]),
  });
}

function authErrorsOf(auth: Documentation['auth']): readonly ErrorCode[] {
  switch (auth) {
    case 'none':
      return [];
    case 'activation key':
      return ['TOKEN_REQUIRED', 'TOKEN_INVALID', 'VALIDATION_FAILED'];
    case 'optimize admin':
      return ['TOKEN_REQUIRED', 'ADMIN_REQUIRED'];
    case 'user':
      return loginErrors;
    default:
      return keyErrors;
  }
}

function security(auth: Documentation['auth']): (MethodDecorator & ClassDecorator)[] {
  switch (auth) {
    case 'none':
      return [];
    case 'activation key':
    case 'optimize admin':
      return [ApiSecurity('activation-key'), ...(auth === 'activation key' ? [ApiQuery(activationKey)] : [])];
    case 'user':
      return [ApiBearerAuth('login'), ApiSecurity('user-key')];
    case 'server key':
      return [ApiSecurity('server-key')];
    case 'admin':
    case 'server key or owner':
      return [ApiSecurity('server-key'), ApiBearerAuth('login')];
  }
}

type ErrorResponse = {
  readonly status: number;
  readonly description: string;
  readonly content: Record<string, object>;
};

/**
 * One response per status; errors with the same status are its examples. Statuses in `taken` are successful answers
 * already.
 */
export function describeErrors(
  errors: readonly DocumentedError[],
  envelope: Envelope,
  taken: readonly number[] = [],
): readonly ErrorResponse[] {
  const byStatus = new Map<number, Record<string, { value: unknown }>>();
  for (const error of errors) {
    const [status, detail, shown] =
      typeof error === 'string'
        ? ([statusOfCode(error), error.toLowerCase().replaceAll('_', ' '), error] as const)
        : error;
    const examples = byStatus.get(status) ?? {};
    examples[typeof error === 'string' ? error : detail] = {
      value: typeof shown === 'object' ? shown : bodyOf({ status, detail, code: shown }, envelope),
    };
    byStatus.set(status, examples);
  }
  const schema = schemaOf(shapes.get(envelope) ?? Problem);
  const [contentType = json] = envelope.contentType.split(';');
  return [...byStatus]
    .filter(([status]) => !taken.includes(status))
    .map(([status, examples]) => ({
      status,
      description: Object.keys(examples).join(', '),
      content: { [contentType]: { schema, examples } },
    }));
}

function bodyOf(
  { status, detail, code = 'REQUEST_INVALID' }: { status: number; detail: string; code?: ErrorCode | undefined },
  envelope: Envelope,
): unknown {
  // Input refused by a schema lists the members.
  const sources =
    code === 'REQUEST_INVALID' && status === 400 ? { sources: [{ path: 'member', message: detail }] } : {};
  return envelope.body({ status, code, detail, ...sources }, 'k3x9-17');
}

const errorResponses = (
  errors: readonly DocumentedError[],
  envelope: Envelope,
  taken: readonly number[],
): MethodDecorator[] => describeErrors(errors, envelope, taken).map((response) => ApiResponse(response));
