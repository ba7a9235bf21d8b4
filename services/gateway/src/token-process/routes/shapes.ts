import { AppError, hasAtMost, hasDotSegment, isStorableText } from '@tollgate/kernel';
import { isQuantityClass } from '@tollgate/pricing';
import { z } from 'zod';

import { wholeFrom } from '../../http-kit/number-shape.ts';
import { clientIdMax, dotSegment, textOf } from '../../http-kit/text-shape.ts';

const control = /[\u0000-\u001f\u007f-\u009f]/u;

const isId = (value: string): boolean =>
  value.length > 0 && hasAtMost(clientIdMax, value) && !control.test(value) && isStorableText(value);
/** An id that a client chooses. */
export const clientId = z
  .string()
  .refine(isId, { error: `must have 1 to ${clientIdMax} characters and no control characters` })
  .refine((value) => !hasDotSegment(value), { error: dotSegment })
  .meta({ minLength: 1, maxLength: clientIdMax });

const line = (max: number) =>
  textOf(max).refine((value) => !control.test(value), { error: 'must not have control characters' });
const prose = (max: number) => textOf(max, 0);

/** Larger than any model's count, and small enough that an end stays within the range of a JSON number. */
const countMax = 1_000_000_000_000;
const count = wholeFrom(0, countMax);

/** Default time for which an estimate is reserved: longer than a generation takes. */
const reserveDefaultS = 600;
const reserveMaxS = 86_400;

export const StartBody = z
  .object({
    user_id: clientId,
    feature_endpoint_id: clientId,
    estimate: wholeFrom(0).optional(),
    expires_in_s: z.int().min(1).max(reserveMaxS).default(reserveDefaultS),
  })
  .meta({ example: { user_id: 'user-123', feature_endpoint_id: 'feature-endpoint-456' } });
export type StartBody = z.output<typeof StartBody>;

export const EndBody = z
  .object({
    user_id: clientId,
    feature_endpoint_id: clientId,
    input_token: count,
    output_token: count,
    model: line(255).optional(),
    hold_id: z.string().min(1).max(200).optional(),
  })
  .meta({
    example: {
      user_id: 'user-123',
      feature_endpoint_id: 'feature-endpoint-456',
      input_token: 100,
      output_token: 400,
      model: 'gemini-pro',
    },
  });
export type EndBody = z.output<typeof EndBody>;

/**
 * Refuses numbers in members whose name contains "token" and that an end does not count: they would silently cost
 * nothing, misspelt or not. Other unknown members are ignored.
 * @throws AppError('invalid', QUANTITY_UNKNOWN) that names the member.
 */
export function refuseUnknownCounts(body: unknown): void {
  const sources = Object.entries(body as Record<string, unknown>)
    .filter(
      ([name, value]) =>
        typeof value === 'number' &&
        !Object.hasOwn(EndBody.shape, name) &&
        (/token/i.test(name) || isQuantityClass(name)),
    )
    .map(([path]) => ({
      path: path.slice(0, nameMax),
      message: 'is not counted by a token process, which has input_token and output_token',
    }));
  if (sources.length > 0)
    throw new AppError(
      'invalid',
      'QUANTITY_UNKNOWN',
      sources.map(({ path, message }) => `${path} ${message}`).join('; '),
      { sources },
    );
}
const nameMax = 128;

const feature = { name: line(255), description: prose(2_000).nullable(), is_active: z.boolean() };
const endpoint = {
  feature: clientId,
  path: line(2_048),
  method: z
    .string()
    .regex(/^[A-Za-z]{1,16}$/, 'must be an HTTP method')
    .nullable(),
  minimum_token: wholeFrom(0),
  is_active: z.boolean(),
};
const pack = {
  name: line(255),
  features: z
    .array(clientId)
    .max(1_000)
    .transform((ids) => [...new Set(ids)]),
  token: wholeFrom(0),
  duration_days: z.int().min(1).max(36_500).nullable(),
  overdraft: z.enum(['allow', 'forbid']),
};
const profit = {
  percentage: z
    .number()
    .min(0)
    .max(100)
    .refine((value) => Number(value.toFixed(2)) === value, { error: 'must have at most two decimals' }),
  is_active: z.boolean(),
};
const id = clientId.optional();

const examples = {
  feature: { id: 'feature-1', name: 'Text generation', description: null, is_active: true },
  endpoint: {
    id: 'feature-endpoint-456',
    feature: 'feature-1',
    path: '/generate',
    method: 'POST',
    minimum_token: 10,
    is_active: true,
  },
  pack: { id: 'pro', name: 'Pro', features: ['feature-1'], token: 1000, duration_days: 30, overdraft: 'allow' },
  profit: { id: 'profit-1', percentage: 20, is_active: true },
};

/** Per resource: the body that creates one, the body that changes one, and an example. */
export const resourceShapes = {
  features: {
    create: z
      .object({
        id,
        ...feature,
        description: feature.description.default(null),
        is_active: feature.is_active.default(true),
      })
      .meta({ example: examples.feature }),
    change: z
      .object(feature)
      .partial()
      .meta({ example: { is_active: false } }),
    example: examples.feature,
  },
  'feature-endpoints': {
    create: z
      .object({
        id,
        ...endpoint,
        method: endpoint.method.default(null),
        minimum_token: endpoint.minimum_token.default(0),
        is_active: endpoint.is_active.default(true),
      })
      .meta({ example: examples.endpoint }),
    change: z
      .object(endpoint)
      .partial()
      .meta({ example: { minimum_token: 20 } }),
    example: examples.endpoint,
  },
  packages: {
    create: z
      .object({
        id,
        ...pack,
        duration_days: pack.duration_days.default(null),
        overdraft: pack.overdraft.default('allow'),
      })
      .meta({ example: examples.pack }),
    change: z
      .object(pack)
      .partial()
      .meta({ example: { overdraft: 'forbid' } }),
    example: examples.pack,
  },
  'token-profits': {
    create: z.object({ id, ...profit, is_active: profit.is_active.default(true) }).meta({ example: examples.profit }),
    change: z
      .object(profit)
      .partial()
      .meta({ example: { percentage: 25 } }),
    example: examples.profit,
  },
} as const;

export const GiveInitialToken = z
  .object({ user_id: clientId, token: wholeFrom(1).default(100) })
  .meta({ example: { user_id: 'user-123', token: 100 } });
export type GiveInitialToken = z.output<typeof GiveInitialToken>;
export const GiveBonusToken = z
  .object({ user_id: clientId, token: wholeFrom(1) })
  .meta({ example: { user_id: 'user-123', token: 50 } });
export type GiveBonusToken = z.output<typeof GiveBonusToken>;
export const GivePackage = z.object({ package: clientId }).meta({ example: { package: 'pro' } });
export type GivePackage = z.output<typeof GivePackage>;
