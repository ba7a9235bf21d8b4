import { hash, randomBytes, randomUUID } from 'node:crypto';

import type { Details, LedgerRequest, RequestData, RequestType } from '@tollgate/contracts';
import { canonicalJson } from '@tollgate/kernel';

/** What makes a request idempotent and traceable. */
export type Caller = {
  /** The Idempotency-Key, if the caller sent one. */
  readonly key?: string | undefined;
  /**
   * The caller is a user without administrator rights. Keys of such users never collide with those of other callers
   * (surfaces §0.6).
   */
  readonly user?: boolean | undefined;
  readonly correlation?: string | undefined;
  /** For administrative requests: who acts, from which address. Stored with their entries. */
  readonly actor?: string | undefined;
  readonly address?: string | undefined;
};

/** Content of the entry's `Details`, which are left out if there is none. */
export type Words = { readonly [Name in keyof Omit<Details, 'salt'>]?: Details[Name] | undefined };

const boot = randomUUID();
let count = 0;

/** An id that is unique among all gateways. */
export function freshId(): string {
  count += 1;
  return `${boot}-${count.toString(36)}`;
}

/**
 * The first 32 hex digits of the SHA-256 of the canonical JSON, so that equal content has equal hashes however it was
 * written.
 */
export const contentHash = (content: unknown): string => hash('sha256', canonicalJson(content), 'hex').slice(0, 32);

/** What a request is about; `requestOf` adds its identity. */
export type NewRequest<T extends RequestType> = {
  readonly type: T;
  /** The scope of a key, together with the account and the class of caller. */
  readonly operation: string;
  readonly account: string;
  readonly data: RequestData[T];
  /** The complete request, for the comparison with a repeat under the same key. */
  readonly content: unknown;
  readonly words?: Words | undefined;
};

/**
 * The key for stores that scope keys by account and operation only. Marks the keys of users, so that no other caller
 * can send them.
 */
export const scopedKey = ({ key, user }: Caller): string | undefined =>
  key !== undefined && user === true ? `user·${key}` : key;

/** Builds the record of a synchronous request. With a key the caller may repeat it and gets the first answer. */
export function requestOf<T extends RequestType>(wanted: NewRequest<T>, caller: Caller): LedgerRequest {
  const { key, correlation } = caller;
  const identity = key === undefined ? { id: freshId() } : { id: key, keyed: true, hash: contentHash(wanted.content) };
  const request = {
    v: 1 as const,
    type: wanted.type,
    source: sourceOf(wanted.operation, caller),
    ...identity,
    account: wanted.account,
    ...(correlation === undefined ? {} : { correlation }),
    ...detailsOf(
      caller.actor === undefined ? wanted.words : { actor: caller.actor, address: caller.address, ...wanted.words },
    ),
    data: wanted.data,
  };
  return request as LedgerRequest;
}

/** `http:<operation>`; for users `http:user:<operation>`. */
export const sourceOf = (operation: string, { user }: Caller): string =>
  user === true ? `http:user:${operation}` : `http:${operation}`;

function detailsOf(words: Words | undefined): { details?: Details } {
  if (words === undefined) return {};
  const { purpose, reason, actor, address, metadata } = words;
  if (purpose === undefined && reason === undefined && actor === undefined && metadata === undefined) return {};
  return {
    details: {
      salt: nextSalt(),
      ...(purpose === undefined ? {} : { purpose }),
      ...(reason === undefined ? {} : { reason }),
      ...(actor === undefined ? {} : { actor }),
      ...(address === undefined ? {} : { address }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
}

const saltLength = 16;
let pool = randomBytes(0);
let used = 0;

/** 16 random bytes in hex. Drawn in blocks, because each draw is a system call. */
function nextSalt(): string {
  if (used + saltLength > pool.length) {
    pool = randomBytes(saltLength * 256);
    used = 0;
  }
  used += saltLength;
  return pool.toString('hex', used - saltLength, used);
}
