import { hasAtMost, hasDotSegment, isStorableText } from '@tollgate/kernel';
import { z } from 'zod';

/**
 * A text of `min` to `max` characters that PostgreSQL can store (rule 13). Counts code points, as OpenAPI's `maxLength`
 * does, not UTF-16 units (surfaces §0.5).
 */
export const textOf = (max: number, min = 1) =>
  z
    .string()
    .min(min, min === 0 ? undefined : `must have at least ${min} ${min === 1 ? 'character' : 'characters'}`)
    .refine((value) => hasAtMost(max, value), { error: `must have at most ${max} characters` })
    .refine((value) => isStorableText(value), { error: 'has a NUL character or a lone surrogate' })
    .meta({ maxLength: max });

/** Ids are used in paths, where clients and proxies resolve such segments. */
export const dotSegment = 'must not be "." or ".." or have such a segment between slashes';

/** Maximum size, in bytes of JSON, of metadata that a user may attach to an entry. Servers may use a whole body. */
export const userMetadataMax = 16_384;
export const isUserMetadata = (metadata: unknown): boolean =>
  Buffer.byteLength(JSON.stringify(metadata)) <= userMetadataMax;
export const userMetadataFault = `metadata: must have at most ${userMetadataMax} bytes as JSON`;

/** An id that a client chooses on a surface: opaque, of any script. */
export const clientIdMax = 128;

const control = /[\u0000-\u001f\u007f-\u009f]/u;
/** The id of a user: it becomes part of an account's id, which has no control characters. */
export const userIdText = textOf(clientIdMax)
  .refine((value) => !control.test(value), { error: 'must not have control characters' })
  .refine((value) => !hasDotSegment(value), { error: dotSegment });

export const UserId = userIdText.meta({ example: 'user-123' });
