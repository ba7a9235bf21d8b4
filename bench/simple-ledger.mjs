// The control: the best simple ledger. One conditional statement a spend takes the units where there are enough,
// inserts the entry and refuses a repeated id, in one round trip and one durable commit; Nest on fastify as the
// gateway, a pool of 16.
import 'reflect-metadata';
import { Controller, HttpException, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { Body, Headers, HttpCode, Param, Post } from '@nestjs/common';
import pg from 'pg';

const { databaseUrl, accounts, key } = JSON.parse(process.argv[2]);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 16 });
await pool.query(`drop schema if exists simple cascade; create schema simple;
  create table simple.balances (account text primary key, balance bigint not null) with (fillfactor = 50);
  create table simple.entries (id bigint generated always as identity primary key, account text not null,
    request_id text not null,
    amount bigint not null, balance_after bigint not null, recorded_at timestamptz not null default now(),
      unique (account, request_id));`);
await pool.query(`insert into simple.balances select 'bench' || n, 1000000000 from generate_series(0, $1 - 1) n`, [
  accounts,
]);

const spendOnce = {
  name: 'spend',
  text: `with taken as (update simple.balances set balance = balance - $2 where account = $1 and balance >= $2
    returning balance)
    insert into simple.entries (account, request_id, amount, balance_after) select $1, $3, -$2, balance from taken
    returning id, balance_after, recorded_at`,
};

class SpendController {
  async spend(id, provided, body) {
    if (provided !== key) throw new HttpException('key', 401);
    if (!/^[1-9][0-9]{0,17}$/.test(body?.amount ?? '')) throw new HttpException('amount', 400);
    const {
      rows: [row],
    } = await pool.query({ ...spendOnce, values: [id, body.amount, randomUUID()] });
    if (!row) throw new HttpException('not enough', 402);
    return {
      entry: {
        id: String(row.id),
        account: id,
        amount: `-${body.amount}`,
        balance_after: row.balance_after,
        recorded_at: row.recorded_at,
      },
      available: row.balance_after,
    };
  }
}
// Decorators by hand: this file is not compiled.
Controller('/v1/accounts')(SpendController);
const descriptor = Object.getOwnPropertyDescriptor(SpendController.prototype, 'spend');
Post(':id/spend')(SpendController.prototype, 'spend', descriptor);
HttpCode(200)(SpendController.prototype, 'spend', descriptor);
Param('id')(SpendController.prototype, 'spend', 0);
Headers('x-server-api-key')(SpendController.prototype, 'spend', 1);
Body()(SpendController.prototype, 'spend', 2);
class SimpleLedger {}
Module({ controllers: [SpendController] })(SimpleLedger);

const app = await NestFactory.create(SimpleLedger, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
process.stdout.write(`simple ledger ${(await app.getUrl()).replace('[::1]', '127.0.0.1')}\n`);
process.on(
  'SIGTERM',
  () =>
    void app
      .close()
      .then(() => pool.end())
      .then(() => process.exit(0)),
);
