import { z } from 'zod';

import { shownNumber, wholeFrom } from '../../http-kit/number-shape.ts';
import { isUserMetadata, textOf, userMetadataMax } from '../../http-kit/text-shape.ts';
import type { KeyWithState } from '../app/licence-keys.ts';
import { isLicenceKey, normalLicenceKey } from '../domain/licence-key.ts';

/** A key of the path or the body: trimmed, in capitals. */
export const keyText = z
  .string()
  .transform(normalLicenceKey)
  .refine(isLicenceKey, { error: 'must be a license key of 1 to 128 characters' })
  .meta({ example: 'ABC12-XYZ34' });

/** Error of routes where keys could be guessed. */
export const tooManyUnknown = [429, 'Too many license keys were asked for. Try again later'] as const;
export const AssignLicence = z.object({ license_key: keyText }).meta({ example: { license_key: 'ABC12-XYZ34' } });
export type AssignLicence = z.output<typeof AssignLicence>;

export const UseToken = z
  .object({
    purpose: textOf(255, 0).nullish(),
    metadata: z
      .record(z.string(), z.unknown())
      .refine(isUserMetadata, { error: `must have at most ${userMetadataMax} bytes as JSON` })
      .nullish(),
  })
  .nullish()
  .meta({ example: { purpose: 'API request', metadata: { endpoint: '/api/data' } } });
export type UseToken = z.output<typeof UseToken>;

export const CreateKey = z
  .object({
    key: keyText.optional(),
    token_balance: wholeFrom(0).default(0),
    price_per_token: wholeFrom(1).optional(),
  })
  .meta({ example: { token_balance: 100, price_per_token: 5 } });
export type CreateKey = z.output<typeof CreateKey>;

export const CreateKeys = z
  .object({
    count: z.int().min(1).max(100),
    token_balance: wholeFrom(0).default(0),
    price_per_token: wholeFrom(1).optional(),
  })
  .meta({ example: { count: 10, token_balance: 100 } });
export type CreateKeys = z.output<typeof CreateKeys>;

export const StartTrial = z
  .object({ trial_days: z.int().min(1).max(36_500), token_balance: wholeFrom(0) })
  .meta({ example: { trial_days: 14, token_balance: 50 } });
export type StartTrial = z.output<typeof StartTrial>;

export const AddTokens = z
  .object({ token_balance: wholeFrom(1), notes: textOf(1_000, 0).optional() })
  .meta({ example: { token_balance: 100, notes: 'renewal' } });
export type AddTokens = z.output<typeof AddTokens>;

/** A key as its owner sees it. */
export const shownOwn = ({ licence, state }: KeyWithState): Record<string, unknown> => ({
  id: licence.id,
  license_key: licence.key,
  token_balance: shownNumber(state?.balance ?? '0'),
  status: state?.status ?? 'inactive',
});

/** The validity of a key, as shown to anybody who has it. */
export function shownValidity(key: string, found: KeyWithState | null, nowMs: number): Record<string, unknown> {
  if (found === null) {
    return {
      license_key: key,
      exists: false,
      is_valid: false,
      is_assigned: false,
      status: null,
      token_balance: 0,
      price_per_token: null,
      valid: false,
    };
  }
  const { licence, state } = found;
  const { status = 'inactive', balance = '0', owner = null } = state ?? {};
  const trialEnd = state?.settings.trial_end;
  const valid = status === 'active' || (status === 'trial' && (trialEnd === undefined || Date.parse(trialEnd) > nowMs));
  return {
    license_key: licence.key,
    exists: true,
    is_valid: valid,
    is_assigned: owner !== null,
    ...(owner === null ? {} : { assigned_to_user_id: owner }),
    status,
    token_balance: shownNumber(balance),
    price_per_token: licence.pricePerToken === null ? null : shownNumber(licence.pricePerToken),
    valid,
    ...(status === 'trial' && trialEnd !== undefined ? { trial_expires_at: trialEnd } : {}),
  };
}

/** A key as admins see it. */
export function shownKey({ licence, state }: KeyWithState): Record<string, unknown> {
  const trialEnd = state?.settings.trial_end;
  return {
    id: licence.id,
    license_key: licence.key,
    token_balance: shownNumber(state?.balance ?? '0'),
    price_per_token: licence.pricePerToken === null ? null : shownNumber(licence.pricePerToken),
    status: state?.status ?? 'inactive',
    user_id: state === null ? licence.userId : state.owner,
    ...(trialEnd === undefined ? {} : { trial_end: trialEnd }),
    created_at: licence.createdAt,
  };
}
