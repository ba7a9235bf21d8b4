import { randomBytes } from 'node:crypto';
import type { AddressInfo, Server as NetServer } from 'node:net';

import { ServerTCP } from '@nestjs/microservices';
import type { Answer, AnswerBatch } from '@tollgate/contracts';
import { answersPattern } from '@tollgate/contracts';
import { sealedServerSocket } from '@tollgate/service-kit';

import type { AnswerReceiver } from '../answers.ts';
import { signReplyAddress } from './reply-address.ts';

export type TcpAnswerReceiverOptions = {
  readonly gatewayId: string;
  /** SERVICE_SECRET. */
  readonly serviceSecret: string;
  /** Where to listen; port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  /** Host under which ledgers reach it. Default: `host`. */
  readonly advertisedHost?: string;
  /** Called with the reason when a peer is disconnected. */
  readonly onRefused?: (reason: string, address: string | undefined) => void;
};

type Answers = readonly (readonly [waiter: number, answer: Answer])[];

/**
 * Receives answers over Nest's TCP transport, from ledgers that prove that they know the secret. Answers for an earlier
 * boot of this gateway are dropped.
 */
export async function createTcpAnswerReceiver(options: TcpAnswerReceiverOptions): Promise<AnswerReceiver> {
  const { gatewayId, serviceSecret, host } = options;
  const nonce = randomBytes(16).toString('base64url');
  let listener: (answers: Answers) => void = () => undefined;
  const { socketClass, limit } = sealedServerSocket({
    secret: serviceSecret,
    purpose: answersPattern,
    ...(options.onRefused === undefined ? {} : { onRefused: options.onRefused }),
  });
  const server = new ServerTCP({ host, port: options.port, socketClass });
  limit(server.unwrap<NetServer>());
  server.addHandler(
    answersPattern,
    (batch: unknown) => {
      if (isBatch(batch) && batch.nonce === nonce) listener(batch.answers);
      return Promise.resolve();
    },
    true,
  );
  const net = server.unwrap<NetServer>();
  await new Promise<void>((resolve, reject) => {
    net.once('error', reject);
    server.listen((error) => (error === undefined ? resolve() : reject(error)));
  });
  const { port } = net.address() as AddressInfo;
  return {
    replyTo: signReplyAddress({ gatewayId, nonce, host: options.advertisedHost ?? host, port }, serviceSecret),
    onAnswers: (one) => void (listener = one),
    close: () =>
      new Promise((resolve) => {
        net.once('close', () => resolve());
        server.close();
      }),
  };
}

function isBatch(value: unknown): value is AnswerBatch {
  return (
    typeof value === 'object' &&
    value !== null &&
    'nonce' in value &&
    'answers' in value &&
    Array.isArray(value.answers)
  );
}
