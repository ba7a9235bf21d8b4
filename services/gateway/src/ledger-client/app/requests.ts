import { hash, randomBytes, randomUUID } from 'node:crypto';

import type { Details, LedgerRequest, RequestData, RequestType } from '@tollgate/contracts';
import { canonicalJson } from '@tollgate/kernel';

/** What a caller gave to make a request once-only, and to find it in logs. */
export type Caller = {
  /** The Idempotency-Key, when one came. */
  readonly key?: string | undefined;
  /** A user who is no administrator. Their keys and those of all others never meet (surfaces §0.6). */
  readonly user?: boolean | undefined;
  readonly correlation?: string | undefined;
  /** Who acts and from where, of administrative requests: kept beside their entries. */
  readonly actor?: string | undefined;
  readonly address?: string | undefined;
};

/** Words for `Details`; without any of them there are no details. */
export type Words = { readonly [Name in keyof Omit<Details, 'salt'>]?: Details[Name] | undefined };

const boot = randomUUID();
let count = 0;

/** An id no other request of any gateway has. */
export function freshId(): string {
  count += 1;
  return `${boot}-${count.toString(36)}`;
}

/**
 * First 32 hex digits of the SHA-256 of the canonical content: the same content, the same hash, whatever its spelling.
 */
export const contentHash = (content: unknown): string => hash('sha256', canonicalJson(content), 'hex').slice(0, 32);

/** What a request is about; `requestOf` adds its identity. */
export type NewRequest<T extends RequestType> = {
  readonly type: T;
  /** With the account and the class of the caller the scope of a key. */
  readonly operation: string;
  readonly account: string;
  readonly data: RequestData[T];
  /** All that the caller said, for the comparison with a repeat under the same key. */
  readonly content: unknown;
  readonly words?: Words | undefined;
};

/** A caller's key where it is kept by account and operation alone: no other caller can send the one of a user. */
export const scopedKey = ({ key, user }: Caller): string | undefined =>
  key !== undefined && user === true ? `user·${key}` : key;

/** The record of a synchronous request. With a key the caller may send it again and gets the first answer. */
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

/** `http:<operation>`, of users `http:user:<operation>`. */
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

/** 16 random bytes in hex, drawn in blocks because a call for each costs a system call. */
function nextSalt(): string {
  if (used + saltLength > pool.length) {
    pool = randomBytes(saltLength * 256);
    used = 0;
  }
  used += saltLength;
  return pool.toString('hex', used - saltLength, used);
}
