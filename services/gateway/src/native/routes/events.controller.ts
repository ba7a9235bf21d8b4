import { Body, Controller, Get, HttpCode, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiHeaders, ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { isWithin } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf, queryMember, refuseOtherFamily } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { acceptEvents, bookEvents, eventsMax, nameOf, sortEvents } from '../app/events.ts';
import { KnownEvents } from './answer-shapes.ts';
import { binaryEvent } from './binary-event.ts';
import { eventHeaders, EventNames } from './event-shapes.ts';
import { docs } from './events.docs.ts';
import { EventsQuery, RefusedQuery } from './shapes.ts';

@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  readonly #ledgerClient: LedgerClient;
  readonly #ledger: LedgerQueries;
  readonly #clock: Clock;

  constructor(ledgerClient: LedgerClient, @inject.ledger() ledger: LedgerQueries, @inject.clock() clock: Clock) {
    this.#ledgerClient = ledgerClient;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  @Post()
  @UseGuards(guarded({ scope: 'events:write', account: 'checked' }))
  @ApiHeaders(eventHeaders)
  @documented(docs.accept)
  async accept(
    @Query({ schema: EventsQuery }) query: EventsQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { events, single } = eventsOf(request);
    const { correlation } = callerOf(request);
    const principal = principalOf(request);
    const sorted = sortEvents(events, {
      nowMs: this.#clock.nowMs(),
      correlation,
      mayTouch: (account) => isWithin(principal, account),
    });
    const [fault] = sorted.rejected;
    if (single && fault !== undefined) throw new AppError('invalid', fault.code, fault.detail);
    if (query.wait === 'booked') {
      void reply.code(200).send({ results: await bookEvents(this.#ledgerClient, sorted) });
      return;
    }
    const { receipts, rejected } = await acceptEvents(this.#ledgerClient, sorted);
    void reply.code(rejected.length === 0 ? 202 : 207).send({ accepted: receipts.length, receipts, rejected });
  }

  @Post('known')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'events:write', account: 'checked' }))
  @documented(docs.known)
  async known(
    @Body({ schema: EventNames }) { events }: EventNames,
    @Req() request: FastifyRequest,
  ): Promise<KnownEvents> {
    const principal = principalOf(request);
    for (const { subject } of events) refuseOtherFamily(principal, subject);
    const nowMs = this.#clock.nowMs();
    const found = await this.#ledger.known({ events: events.map((event) => nameOf(event, nowMs)) });
    return { known: found.map((one) => one === 'booked'), reused: found.map((one) => one === 'reused') };
  }

  @Get('refused')
  @UseGuards(guarded({ scope: 'accounts:read', account: queryMember('account') }))
  @documented(docs.refused)
  refused(@Query({ schema: RefusedQuery }) query: RefusedQuery): ReturnType<LedgerQueries['refused']> {
    const { account, after, limit } = query;
    return this.#ledger.refused({
      limit,
      ...(account === undefined ? {} : { account }),
      ...(after === undefined ? {} : { after }),
    });
  }
}

function eventsOf(request: FastifyRequest): { readonly events: readonly unknown[]; readonly single: boolean } {
  const mediaType = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'application/cloudevents+json') return { events: [request.body], single: true };
  if (mediaType === 'application/cloudevents-batch+json') {
    const { body } = request;
    if (!Array.isArray(body) || body.length === 0 || body.length > eventsMax) {
      throw new AppError('invalid', 'REQUEST_INVALID', `a batch is an array of 1 to ${eventsMax} events`);
    }
    return { events: body, single: false };
  }
  const event = binaryEvent(request);
  if (event !== null) return { events: [event], single: true };
  throw new AppError(
    'invalid',
    'MEDIA_TYPE_UNSUPPORTED',
    'send application/cloudevents+json, application/cloudevents-batch+json, or JSON data with ce- headers',
  );
}
