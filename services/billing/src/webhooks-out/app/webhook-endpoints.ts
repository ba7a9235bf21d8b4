import { randomBytes, randomUUID } from 'node:crypto';

import { type EndpointFields, webhookEventTypes, type WebhookQueries, webhookTestType } from '@tollgate/contracts';
import { AppError, hasAtMost, isStorableText, parseAmount } from '@tollgate/kernel';

import { type AddressRule, checkAddress } from '../domain/webhook-address.ts';
import type { Books, WebhookStore } from './webhook-ports.ts';

/** Each event goes to every endpoint, so their number is limited. */
const endpointsMax = 100;
const limitMax = 100;
/** Seconds in which both secrets sign: a day by default, a week at most. */
const [overlapDefaultS, overlapMaxS] = [86_400, 604_800];

/** Endpoints, as the operator manages them. A new one gets the events from its registration on. */
export function makeWebhookQueries(parts: {
  readonly store: WebhookStore;
  readonly ledger: Books;
  readonly address: AddressRule;
  readonly nowMs: () => number;
  /** The secret as it is shown, from 24 random bytes. */
  readonly secretOf: (key: Buffer) => string;
  readonly onDue: () => void;
}): WebhookQueries {
  const { store, nowMs } = parts;
  return {
    createEndpoint: async (query) => {
      const fields = { ...unset, ...checked(query, parts.address), url: checkAddress(query.url, parts.address) };
      if ((await store.list()).length >= endpointsMax)
        throw new AppError('conflict', 'LIMIT_EXCEEDED', `there are ${endpointsMax} endpoints already`);
      const secret = parts.secretOf(randomBytes(24));
      const endpoint = {
        id: randomUUID(),
        ...fields,
        disabled_reason: null,
        created_at: new Date(nowMs()).toISOString(),
        secret,
      };
      const { heads } = await parts.ledger.bookedAfter({ after: [], limit: 1 });
      await store.create(endpoint, Object.fromEntries(heads.map(({ partition, seq }) => [String(partition), seq])));
      return endpoint;
    },
    listEndpoints: () => store.list(),
    readEndpoint: ({ id }) => store.read(id),
    changeEndpoint: ({ id, fields }) => store.change(id, checked(fields, parts.address)),
    rotateSecret: async ({ id, overlap_s: overlapS = overlapDefaultS }) => {
      if (!Number.isSafeInteger(overlapS) || overlapS < 0 || overlapS > overlapMaxS)
        throw invalid(`overlap_s is a whole number of seconds from 0 to ${overlapMaxS}`);
      const secret = parts.secretOf(randomBytes(24));
      const untilMs = nowMs() + overlapS * 1_000;
      const endpoint = await store.rotate(id, secret, untilMs);
      return endpoint === null ? null : { ...endpoint, secret, secret_before_until: new Date(untilMs).toISOString() };
    },
    testEndpoint: async ({ id }) => {
      const message = `msg_test_${randomUUID()}`;
      const body = JSON.stringify({
        type: webhookTestType,
        timestamp: new Date(nowMs()).toISOString(),
        data: { endpoint: id },
      });
      if (!(await store.tell(id, { id: message, type: webhookTestType, body }, nowMs()))) return null;
      parts.onDue();
      return { message_id: message };
    },
    removeEndpoint: ({ id }) => store.remove(id, nowMs()),
    listDeliveries: async ({ endpoint, limit, after, ...query }) => {
      if ((await store.read(endpoint)) === null) return null;
      if (after !== undefined) refuseNumber(after, 'after');
      return store.deliveries({
        endpoint,
        ...query,
        ...(after === undefined ? {} : { after }),
        limit: Math.min(Math.max(limit, 1), limitMax),
      });
    },
    replayDeliveries: async (query) => {
      if ((await store.read(query.endpoint)) === null) return null;
      if (query.delivery !== undefined) refuseNumber(query.delivery, 'delivery');
      const replayed = await store.replay(query, nowMs());
      if (query.delivery !== undefined && replayed === 0) return null;
      parts.onDue();
      return { replayed };
    },
  };
}

const unset: Omit<EndpointFields, 'url'> = {
  events: ['charge.succeeded', 'charge.failed'],
  account_prefix: null,
  balance_below: null,
  thresholds: [80, 100],
  description: null,
  enabled: true,
};
const known: ReadonlySet<string> = new Set(webhookEventTypes);

/** The fields that were given, each checked. @throws AppError('invalid', REQUEST_INVALID) */
function checked(given: Partial<EndpointFields>, rule: AddressRule): Partial<EndpointFields> {
  const { url, events, account_prefix: prefix, balance_below: below, thresholds, description, enabled } = given;
  if (events !== undefined && (events.length === 0 || events.some((type) => !known.has(type))))
    throw invalid('events names at least one event, each of those that there are');
  if (below !== undefined && below !== null && parseAmount(below) < 0n)
    throw invalid('balance_below is a decimal string of an integer from 0 to 2^63-1');
  if (
    thresholds !== undefined &&
    (thresholds.length === 0 ||
      thresholds.length > 20 ||
      thresholds.some((share) => !Number.isInteger(share) || share < 1 || share > 100))
  ) {
    throw invalid('thresholds are 1 to 20 whole numbers of percent from 1 to 100');
  }
  for (const [name, text, max] of [
    ['account_prefix', prefix, 300],
    ['description', description, 500],
  ] as const) {
    if (text !== undefined && text !== null && (text.length === 0 || !hasAtMost(max, text) || !isStorableText(text)))
      throw invalid(`${name} is a text of 1 to ${max} characters`);
  }
  return {
    ...(url === undefined ? {} : { url: checkAddress(url, rule) }),
    ...(events === undefined ? {} : { events: [...new Set(events)] }),
    ...(prefix === undefined ? {} : { account_prefix: prefix }),
    ...(below === undefined ? {} : { balance_below: below }),
    ...(thresholds === undefined ? {} : { thresholds: [...new Set(thresholds)].sort((a, b) => a - b) }),
    ...(description === undefined ? {} : { description }),
    ...(enabled === undefined ? {} : { enabled }),
  };
}

function refuseNumber(text: string, name: string): void {
  if (!/^[0-9]{1,15}$/.test(text)) throw invalid(`${name} is an id of a delivery`);
}
const invalid = (message: string): AppError => new AppError('invalid', 'REQUEST_INVALID', message);
