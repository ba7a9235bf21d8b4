import type { Answer } from '@tollgate/contracts';

import type { AnswerSender } from '../answers.ts';
import { GatewayLink } from './gateway-link.ts';
import { ReplyAddressReader } from './reply-address.ts';

export type TcpAnswerSenderOptions = {
  /** SERVICE_SECRET: an address it did not sign is never connected to (rule 22). */
  readonly serviceSecret: string;
  /** Called when the signature of an address fails. */
  readonly onRefusedAddress?: (header: string) => void;
};

/** A connection without answers to send is closed after this time. */
const idleMs = 300_000;

/** Sends answers over Nest's TCP transport, one message per gateway and call of `send`. */
export function createTcpAnswerSender(options: TcpAnswerSenderOptions): AnswerSender {
  const reader = new ReplyAddressReader(options.serviceSecret);
  const links = new Map<string, GatewayLink>();
  const sweep = setInterval(() => {
    for (const [header, link] of links) {
      if (performance.now() - link.usedAt < idleMs) continue;
      link.close();
      links.delete(header);
    }
  }, idleMs / 5);
  sweep.unref();
  let closed = false;
  return {
    send: (replyTo: string, answers: readonly (readonly [number, Answer])[]): void => {
      if (closed || answers.length === 0) return;
      const address = reader.read(replyTo);
      if (address === undefined) return options.onRefusedAddress?.(replyTo);
      let link = links.get(replyTo);
      if (link === undefined) links.set(replyTo, (link = new GatewayLink(address, options.serviceSecret)));
      link.push({ nonce: address.nonce, answers });
    },
    close: () => {
      closed = true;
      clearInterval(sweep);
      for (const link of links.values()) link.close();
      links.clear();
      return Promise.resolve();
    },
  };
}
