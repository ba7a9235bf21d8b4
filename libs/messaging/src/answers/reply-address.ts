import { createHmac, timingSafeEqual } from 'node:crypto';

import { invariant } from '@tollgate/kernel';

/** The address at which one boot of a gateway receives answers. */
export type ReplyAddress = {
  readonly gatewayId: string;
  readonly nonce: string;
  readonly host: string;
  readonly port: number;
};

const signature = (text: string, secret: string): string =>
  createHmac('sha256', secret).update(text).digest('base64url');

/** `<gateway id>|<boot nonce>|<host:port>|<signature>` (rule 22). */
export function signReplyAddress({ gatewayId, nonce, host, port }: ReplyAddress, secret: string): string {
  invariant(![gatewayId, nonce, host].some((part) => part.includes('|')), 'no part of a reply address contains |');
  const text = `${gatewayId}|${nonce}|${host}:${port}`;
  return `${text}|${signature(text, secret)}`;
}

/** Upper bound on verified addresses kept in memory: more than all gateways and their restarts in a day. */
const rememberedMax = 1_000;

/** Verifies signed addresses, each distinct one once. undefined: the signature is not by the secret. */
export class ReplyAddressReader {
  readonly #secret: string;
  readonly #known = new Map<string, ReplyAddress | undefined>();

  constructor(secret: string) {
    this.#secret = secret;
  }

  read(header: string): ReplyAddress | undefined {
    if (this.#known.has(header)) return this.#known.get(header);
    const address = this.#verify(header);
    const oldest = this.#known.keys().next();
    if (this.#known.size >= rememberedMax && oldest.done !== true) this.#known.delete(oldest.value);
    this.#known.set(header, address);
    return address;
  }

  #verify(header: string): ReplyAddress | undefined {
    const end = header.lastIndexOf('|');
    const text = header.slice(0, Math.max(0, end));
    const given = Buffer.from(header.slice(end + 1));
    const expected = Buffer.from(signature(text, this.#secret));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const [gatewayId, nonce, hostPort, ...rest] = text.split('|');
    const colon = hostPort?.lastIndexOf(':') ?? -1;
    const port = Number(hostPort?.slice(colon + 1));
    if (gatewayId === undefined || nonce === undefined || hostPort === undefined || rest.length > 0) return undefined;
    if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
    return { gatewayId, nonce, host: hostPort.slice(0, colon), port };
  }
}
