import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';

import { topics } from '../topics.ts';
import { asyncApi } from './async-api.ts';
import { fromWireChargeChanged, toWireChargeChanged } from './charge-changed.ts';
import { fromWireEntryBooked, toWireEntryBooked } from './entry-booked.ts';
import { fromWirePartitionSealed, toWirePartitionSealed } from './partition-sealed.ts';
import { fromWireTierCrossed, toWireTierCrossed } from './tier-crossed.ts';

const at = { partition: 7, seq: 12 };
const moment = '2026-11-28T12:00:00.000Z';
const entry = {
  id: '7-12',
  account: 'acme/search',
  seq: '3',
  kind: 'spent',
  amount: '-42',
  balance_after: '58',
  held_after: '0',
  used_after: '42',
  unit: 'token',
  contra: 'usage',
  source: 'http:spend',
  request_id: 'k-1',
  ordinal: 0,
  occurred_at: moment,
  recorded_at: moment,
  offset: '99',
};
const crossing = {
  charge_id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
  block: '1',
  plan: 'default',
  plan_version: 1,
  billing_tier: '8M-16M',
  amount_minor: '10000',
  currency: 'BRL',
  period: { start: '2026-11-01T00:00:00.000Z', end: '2026-12-01T00:00:00.000Z' },
};
const messages = {
  EntryBooked: toWireEntryBooked(at, entry),
  TierCrossed: toWireTierCrossed(at, {
    account: 'metered:u',
    change: 'left',
    crossing,
    entry: '7-12',
    recordedMs: Date.parse(moment),
  }),
  PartitionSealed: toWirePartitionSealed(at, {
    number: '1',
    from_seq: '1',
    to_seq: '12',
    root: 'a'.repeat(64),
    seal_hash: 'b'.repeat(64),
    sealed_at: moment,
  }),
  ChargeChanged: toWireChargeChanged(at, {
    type: 'ChargeSucceeded',
    occurred_at: moment,
    charge: {
      id: crossing.charge_id,
      version: 3,
      account: 'metered:u',
      user_id: null,
      block: '1',
      billing_tier: '8M-16M',
      period: crossing.period,
      amount_minor: '10000',
      currency: 'BRL',
      status: 'succeeded',
      payment_intent: 'pi_1',
    },
  }),
};
const readers = {
  EntryBooked: fromWireEntryBooked,
  TierCrossed: fromWireTierCrossed,
  PartitionSealed: fromWirePartitionSealed,
  ChargeChanged: fromWireChargeChanged,
};
const names = Object.keys(messages) as (keyof typeof messages)[];

describe('published events', () => {
  it.each(names)('%s is read as it was written, with its place', (name) => {
    const message = JSON.parse(messages[name]) as object;
    expect(readers[name](message)).toEqual(message);
    expect(message).toMatchObject({ schemaVersion: 1, partition: 7, partition_seq: '12' });
  });

  it.each(names)('%s that lacks a member, or has one of another type, is no such event', (name) => {
    const message = JSON.parse(messages[name]) as Record<string, unknown>;
    for (const member of ['schemaVersion', 'partition', 'partition_seq', 'type']) {
      const { [member]: _, ...lacking } = message;
      for (const bad of [lacking, { ...message, [member]: null }, { ...message, [member]: {} }]) {
        expect(() => readers[name](bad)).toThrow(member);
      }
    }
    for (const bad of [null, 'text', [], 7]) expect(() => readers[name](bad)).toThrow('this is no ');
  });

  it.each(names)('%s may have members that are added later: they are left alone', (name) => {
    const message = JSON.parse(messages[name]) as object;
    expect(readers[name]({ ...message, added: 1 })).toEqual(message);
  });
});

describe('the AsyncAPI document', () => {
  const document = asyncApi('1') as {
    readonly channels: Record<string, object>;
    readonly components: { readonly messages: Record<string, { readonly payload: object }> };
  };
  const schema = JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0-without-$id.json'), 'utf8'),
  ) as object;

  it('is one of AsyncAPI 3.0.0', () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile(schema);
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(ajv.compile(schema)({ ...document, channels: 7 })).toBe(false);
  });

  it('has every topic that others may read, with a payload that its messages fit', () => {
    expect(Object.keys(document.channels).sort()).toEqual(
      [topics.billingCharges, topics.ledgerEntries, topics.ledgerSeals, topics.tierCrossings].sort(),
    );
    for (const name of names) {
      const validate = new Ajv({ strict: false, validateFormats: false }).compile(
        document.components.messages[name]!.payload,
      );
      expect([name, validate(JSON.parse(messages[name]))]).toEqual([name, true]);
      expect([name, validate({ type: name })]).toEqual([name, false]);
    }
  });
});
