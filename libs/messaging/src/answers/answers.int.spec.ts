import { connect } from 'node:net';

import { afterEach, expect, it } from '@jest/globals';
import type { Answer } from '@tollgate/contracts';
import { answersPattern } from '@tollgate/contracts';
import { freePort, waitFor } from '@tollgate/testing';

import type { AnswerReceiver, AnswerSender } from '../answers.ts';
import { createInProcessAnswers } from './in-process.ts';
import { signReplyAddress } from './reply-address.ts';
import { createTcpAnswerReceiver } from './tcp-receiver.ts';
import { createTcpAnswerSender } from './tcp-sender.ts';

const serviceSecret = 'shared';
const answer: Answer = { outcome: 'unchanged', replayed: false, account: 'ü' };
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const receiver = async (
  port = 0,
): Promise<{ readonly receiver: AnswerReceiver; readonly waiters: number[]; readonly calls: number[] }> => {
  const made = await createTcpAnswerReceiver({ gatewayId: 'g1', serviceSecret, host: '127.0.0.1', port });
  open.push(made);
  const waiters: number[] = [];
  const calls: number[] = [];
  made.onAnswers((answers) => {
    calls.push(answers.length);
    for (const [waiter, got] of answers) {
      expect(got).toEqual(answer);
      waiters.push(waiter);
    }
  });
  return { receiver: made, waiters, calls };
};
const sender = (onRefusedAddress?: (header: string) => void): AnswerSender => {
  const made = createTcpAnswerSender({
    serviceSecret,
    ...(onRefusedAddress === undefined ? {} : { onRefusedAddress }),
  });
  open.push(made);
  return made;
};

it('brings every answer to the gateway that asked, one message a call, in order', async () => {
  const [one, two] = [await receiver(), await receiver()];
  const from = sender();

  from.send(one.receiver.replyTo, [
    [1, answer],
    [2, answer],
  ]);
  from.send(two.receiver.replyTo, [[7, answer]]);
  from.send(one.receiver.replyTo, [[3, answer]]);

  await waitFor('the answers', () => one.waiters.length === 3 && two.waiters.length === 1);
  expect(one.waiters).toEqual([1, 2, 3]);
  expect(one.calls).toEqual([2, 1]);
  expect(two.waiters).toEqual([7]);
});

// Guarantee (rule 22): a record cannot make the ledger connect to an address of the writer's choice.
it('connects to no address whose signature fails', async () => {
  const to = await receiver();
  const refused: string[] = [];
  const from = sender((header) => refused.push(header));
  const [gateway, nonce, address] = to.receiver.replyTo.split('|') as [string, string, string];
  const [host, port] = address.split(':') as [string, string];
  const forged = signReplyAddress({ gatewayId: gateway, nonce, host, port: Number(port) }, 'another secret');

  for (const header of [
    forged,
    `${gateway}|${nonce}|127.0.0.1:1|${to.receiver.replyTo.split('|')[3]}`,
    'nonsense',
    '',
  ]) {
    from.send(header, [[1, answer]]);
  }
  from.send(to.receiver.replyTo, [[2, answer]]);

  await waitFor('the honest answer', () => to.waiters.length > 0);
  expect(to.waiters).toEqual([2]);
  expect(refused).toHaveLength(4);
});

it('drops what is meant for an earlier boot of the gateway', async () => {
  const port = await freePort();
  const before = await receiver(port);
  await before.receiver.close();
  open.length = 0;
  const after = await receiver(port);
  const from = sender();

  from.send(before.receiver.replyTo, [[1, answer]]);
  from.send(after.receiver.replyTo, [[2, answer]]);

  await waitFor('the answer', () => after.waiters.length > 0);
  expect(after.waiters).toEqual([2]);
});

// Guarantee: the boot nonce stands in every record, so that it alone must not be enough to answer callers.
it('takes no answer of somebody who knows the nonce and not the secret', async () => {
  const to = await receiver();
  const [gatewayId, nonce, address] = to.receiver.replyTo.split('|') as [string, string, string];
  const port = Number(address.split(':')[1]);
  const batch = JSON.stringify({ pattern: answersPattern, data: { nonce, answers: [[1, answer]] } });
  const raw = connect(port, '127.0.0.1', () => raw.write(`${batch.length}#${batch}`));
  raw.on('error', () => undefined).resume();
  const forger = createTcpAnswerSender({ serviceSecret: 'another secret' });
  open.push(forger);
  forger.send(signReplyAddress({ gatewayId, nonce, host: '127.0.0.1', port }, 'another secret'), [[2, answer]]);
  await new Promise((resolve) => raw.once('close', resolve));
  sender().send(to.receiver.replyTo, [[3, answer]]);

  await waitFor('the honest answer', () => to.waiters.length > 0);
  expect(to.waiters).toEqual([3]);
});

it('reaches a gateway that answers only after a while, and survives one that never does', async () => {
  const port = await freePort();
  const from = sender();
  const gone = signReplyAddress(
    { gatewayId: 'g', nonce: 'n', host: '127.0.0.1', port: await freePort() },
    serviceSecret,
  );
  for (let n = 0; n < 100_000; n++) from.send(gone, [[n, answer]]);
  const late = signReplyAddress({ gatewayId: 'late', nonce: 'n', host: '127.0.0.1', port }, serviceSecret);
  from.send(late, [[1, answer]]);
  const to = await receiver(port);

  from.send(to.receiver.replyTo, [[2, answer]]);

  await waitFor('the answer', () => to.waiters.length > 0);
  expect(to.waiters).toEqual([2]);
});

it('goes on after the connection was lost', async () => {
  const port = await freePort();
  const from = sender();
  const first = await receiver(port);
  from.send(first.receiver.replyTo, [[1, answer]]);
  await waitFor('the first answer', () => first.waiters.length === 1);

  await first.receiver.close();
  open.splice(open.indexOf(first.receiver), 1);
  const second = await receiver(port);

  from.send(second.receiver.replyTo, [[2, answer]]);
  await waitFor('the second answer', () => second.waiters.length === 1);
});

it('hands answers over in one process, after the sender has returned', async () => {
  const { sender: from, receiver: to } = createInProcessAnswers();
  const waiters: number[] = [];
  to.onAnswers((answers) => waiters.push(...answers.map(([waiter]) => waiter)));

  from.send(to.replyTo, [
    [1, answer],
    [2, answer],
  ]);
  from.send('another boot', [[3, answer]]);

  expect(waiters).toEqual([]);
  await waitFor('the answers', () => waiters.length === 2);
  expect(waiters).toEqual([1, 2]);
});
