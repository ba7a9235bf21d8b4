import { Body, Controller, Get, HttpCode, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiHeaders, ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { RequestLine } from '../../ledger-client/app/ledger-client.ts';
import { isWithin } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf, queryMember, refuseOtherFamily } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { acceptEvents, bookEvents, eventsMax, nameOf, sortEvents } from '../app/events.ts';
import { EventsAccepted, EventsBooked, KnownEvents, RefusedEvents } from './answer-shapes.ts';
import { binaryEvent } from './binary-event.ts';
import { eventBody, eventHeaders, EventNames } from './event-shapes.ts';
import { entryExample } from './examples.ts';
import { EventsQuery, RefusedQuery } from './shapes.ts';

const bookedEvents = {
  status: 200,
  description: 'with ?wait=booked',
  answer: EventsBooked,
  example: { results: [{ id: 'e-1', status: 'booked', entry: entryExample }] },
};
const partlyAccepted = {
  status: 207,
  description: 'some events of the batch were refused',
  answer: EventsAccepted,
  example: {
    accepted: 1,
    receipts: [{ id: 'e-1', partition: 17, offset: 812 }],
    rejected: [
      {
        index: 1,
        id: 'e-2',
        code: 'EVENT_MALFORMED',
        detail: 'data: quantity is 0.5: it must be a whole number from 0',
      },
    ],
  },
};

@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  private readonly line: RequestLine;
  private readonly ledger: LedgerQueries;
  private readonly clock: Clock;

  constructor(line: RequestLine, @inject.ledger() ledger: LedgerQueries, @inject.clock() clock: Clock) {
    this.line = line;
    this.ledger = ledger;
    this.clock = clock;
  }

  @Post()
  @UseGuards(guarded({ scope: 'events:write', account: 'checked' }))
  @ApiHeaders(eventHeaders)
  @documented({
    summary: 'Takes usage as CloudEvents',
    body: eventBody,
    auth: 'server key',
    status: 202,
    answer: EventsAccepted,
    description:
      '202 once the log holds them; ?wait=booked answers 200 {results:[{id, status, entry?, problem?}]} in order. ' +
      '207 when some events of a batch were refused.',
    example: { accepted: 1, receipts: [{ id: 'e-1', partition: 17, offset: 812 }], rejected: [] },
    also: [bookedEvents, partlyAccepted],
    errors: [
      'EVENT_MALFORMED',
      'QUANTITY_UNKNOWN',
      'TIME_OUT_OF_RANGE',
      'BODY_TOO_LARGE',
      'MEDIA_TYPE_UNSUPPORTED',
      'LOG_UNAVAILABLE',
    ],
  })
  async accept(
    @Query({ schema: EventsQuery }) query: EventsQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { events, single } = eventsOf(request);
    const { correlation } = callerOf(request);
    const principal = principalOf(request);
    const sorted = sortEvents(events, {
      nowMs: this.clock.nowMs(),
      correlation,
      mayTouch: (account) => isWithin(principal, account),
    });
    const [fault] = sorted.rejected;
    if (single && fault !== undefined) throw new AppError('invalid', fault.code, fault.detail);
    if (query.wait === 'booked') {
      void reply.code(200).send({ results: await bookEvents(this.line, sorted) });
      return;
    }
    const { receipts, rejected } = await acceptEvents(this.line, sorted);
    void reply.code(rejected.length === 0 ? 202 : 207).send({ accepted: receipts.length, receipts, rejected });
  }

  @Post('known')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'events:write', account: 'checked' }))
  @documented({
    summary: 'Which of up to 1,000 events are booked',
    auth: 'server key',
    status: 200,
    answer: KnownEvents,
    example: { known: [true], reused: [false] },
    description:
      'One answer an event, in order. An event that is `known` gets its first answer when it is sent again. Of ' +
      'one that was sent whole, with its ' +
      'specversion, type and data, `reused` says that its id is booked with other content: it would be refused.',
    errors: ['SCOPE_MISSING'],
  })
  async known(
    @Body({ schema: EventNames }) { events }: EventNames,
    @Req() request: FastifyRequest,
  ): Promise<KnownEvents> {
    const principal = principalOf(request);
    for (const { subject } of events) refuseOtherFamily(principal, subject);
    const nowMs = this.clock.nowMs();
    const found = await this.ledger.known({ events: events.map((event) => nameOf(event, nowMs)) });
    return { known: found.map((one) => one === 'booked'), reused: found.map((one) => one === 'reused') };
  }

  @Get('refused')
  @UseGuards(guarded({ scope: 'accounts:read', account: queryMember('account') }))
  @documented({
    summary: 'Events that were refused when booked, newest first; kept 30 days',
    auth: 'server key',
    status: 200,
    answer: RefusedEvents,
    example: {
      items: [
        {
          account: 'acme',
          source: 'ce:/search',
          id: 'e-1',
          type: 'spend',
          code: 'ACCOUNT_UNKNOWN',
          detail: 'there is no such account',
          refused_at: '2026-11-21T12:00:00.000Z',
          cursor: '17-3',
        },
      ],
      next: null,
    },
  })
  refused(@Query({ schema: RefusedQuery }) query: RefusedQuery): ReturnType<LedgerQueries['refused']> {
    const { account, after, limit } = query;
    return this.ledger.refused({
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
