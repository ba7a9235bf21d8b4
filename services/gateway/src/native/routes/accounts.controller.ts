import { Body, Controller, Get, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AccountView, LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { RequestLine } from '../../ledger-client/app/ledger-client.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import type { Principal } from '../../people-and-keys/app/access.ts';
import { seenFrom } from '../../people-and-keys/app/own-accounts.ts';
import { guarded, pathMember, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf, callerOf } from '../../people-and-keys/routes/caller.ts';
import { partitionOfHold } from '../../shared/domain/account-id.ts';
import { Account, Booked, Entries, HoldOpened } from './answer-shapes.ts';
import { bookedBody, sendAnswer } from './answers.ts';
import { accountExample, entryExample, exhaustedUntil } from './examples.ts';
import { present } from './present.ts';
import { accountId, AccountQuery, EntriesQuery, Grant, Hold, Spend } from './shapes.ts';
import { shownEntry } from './shown-entry.ts';
import { usageData } from './usage-data.ts';

const ofPath = pathMember('id');

@ApiTags('accounts')
@Controller('v1/accounts')
export class AccountsController {
  private readonly line: RequestLine;
  private readonly ledger: LedgerQueries;
  private readonly clock: Clock;

  constructor(line: RequestLine, @inject.ledger() ledger: LedgerQueries, @inject.clock() clock: Clock) {
    this.line = line;
    this.ledger = ledger;
    this.clock = clock;
  }

  @Get(':id')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: ofPath }))
  @documented({
    summary: 'An account now, or as it was at a time',
    auth: 'server key or owner',
    status: 200,
    answer: Account,
    example: accountExample,
    errors: ['ACCOUNT_UNKNOWN'],
  })
  async read(
    @Param('id', { schema: accountId }) id: string,
    @Query({ schema: AccountQuery }) query: AccountQuery,
    @Req() request: FastifyRequest,
  ): Promise<AccountView> {
    const principal = principalOf(request);
    const view = await this.ledger.account(query.at === undefined ? { id } : { id, at: query.at });
    if (view !== null && query.at === undefined) return visible(principal, view);
    // Who may see the past of an account is decided by its present owner.
    const now = visible(principal, query.at === undefined ? null : await this.ledger.account({ id }));
    const since = await seenFrom(this.ledger, principal, id);
    if (since !== undefined && query.at !== undefined && query.at < since.recorded_at) throw unknownAccount();
    if (view === null)
      throw new AppError('not_found', 'ACCOUNT_UNKNOWN', `the account was opened at ${now.opened_at}, after that time`);
    return view;
  }

  @Get(':id/entries')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: ofPath }))
  @documented({
    summary: 'Entries of an account, newest first',
    auth: 'server key or owner',
    status: 200,
    answer: Entries,
    description:
      '`from` and `to` bound recorded_at, when an entry was booked; occurred_at says when it happened. A report ' +
      'goes by the latter.',
    example: { items: [entryExample], next: null },
    errors: ['ACCOUNT_UNKNOWN'],
  })
  async entries(
    @Param('id', { schema: accountId }) id: string,
    @Query({ schema: EntriesQuery }) query: EntriesQuery,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const principal = principalOf(request);
    const since = await seenFrom(this.ledger, principal, id);
    const page = await this.ledger.entries({
      account: id,
      ...present(query),
      ...(since === undefined ? {} : { from_seq: since.seq }),
    });
    if (page === null) throw unknownAccount();
    return { ...page, items: page.items.map((entry) => shownEntry(principal, entry)) };
  }

  @Post(':id/grants')
  @UseGuards(guarded({ scope: 'accounts:write', account: ofPath }))
  @documented({
    summary: 'Adds units as a lot of their own',
    description:
      'Bought units (`"kind": "purchased"`) are never wiped or counted by tier changes of a credits account, ' +
      'and burn after others unless priority says otherwise.',
    auth: 'server key',
    status: 201,
    once: true,
    answer: Booked,
    example: { entry: { ...entryExample, kind: 'granted', amount: '1000' }, available: '1000' },
    errors: ['ACCOUNT_UNKNOWN', 'ACCOUNT_CLOSED', 'AMOUNT_OUT_OF_RANGE', 'TIME_OUT_OF_RANGE'],
  })
  async grant(
    @Param('id', { schema: accountId }) account: string,
    @Body({ schema: Grant }) body: Grant,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { amount, kind, priority, expires_at: expiresAt, reason } = body;
    const caller = actorOf(request);
    // A repeat under a key may come after the expiry: only its first time is judged here.
    if (expiresAt !== undefined && caller.key === undefined && Date.parse(expiresAt) <= this.clock.nowMs()) {
      throw new AppError('invalid', 'TIME_OUT_OF_RANGE', 'expires_at lies in the past');
    }
    const data = { amount, ...present({ kind, priority, expires_at: expiresAt }) };
    const answer = await this.line.ask(
      requestOf({ type: 'grant', operation: 'grant', account, data, content: request.body, words: { reason } }, caller),
    );
    sendAnswer(this.to(request, reply), answer, { status: 201, body: bookedBody(answer) });
  }

  @Post(':id/spend')
  @UseGuards(guarded({ scope: 'accounts:write', account: ofPath }))
  @documented({
    summary: 'Takes units, or rates usage and takes its cost: checked and booked in one decision',
    auth: 'server key',
    status: 200,
    once: true,
    answer: Booked,
    example: { entry: entryExample, available: '999' },
    errors: [
      'ACCOUNT_UNKNOWN',
      'ACCOUNT_INACTIVE',
      'ACCOUNT_SUSPENDED',
      'ACCOUNT_CLOSED',
      'UNIT_CONFLICT',
      'ALLOWANCE_EXHAUSTED',
      exhaustedUntil,
      'LIMIT_EXCEEDED',
      'AMOUNT_OUT_OF_RANGE',
      'QUANTITY_UNKNOWN',
      'QUANTITY_UNPRICED',
    ],
  })
  async spend(
    @Param('id', { schema: accountId }) account: string,
    @Body({ schema: Spend }) body: Spend,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { metadata } = body;
    const answer = await this.line.ask(
      requestOf(
        {
          type: 'spend',
          operation: 'spend',
          account,
          data: usageData(body),
          content: request.body,
          words: metadata === undefined ? undefined : { metadata },
        },
        callerOf(request),
      ),
    );
    sendAnswer(this.to(request, reply), answer, { status: 200, body: bookedBody(answer) });
  }

  @Post(':id/holds')
  @UseGuards(guarded({ scope: 'accounts:write', account: ofPath }))
  @documented({
    summary: 'Reserves units until they are settled, released or expire',
    auth: 'server key',
    status: 201,
    once: true,
    answer: HoldOpened,
    example: { hold_id: 'h-17-4-9', amount: '50', expires_at: '2026-11-21T12:10:00.000Z', available: '949' },
    errors: [
      'ACCOUNT_UNKNOWN',
      'ACCOUNT_INACTIVE',
      'ACCOUNT_SUSPENDED',
      'ACCOUNT_CLOSED',
      'UNIT_CONFLICT',
      'ALLOWANCE_EXHAUSTED',
      exhaustedUntil,
      'HOLD_UNKNOWN',
      'HOLD_ENDED',
      'AMOUNT_OUT_OF_RANGE',
    ],
  })
  async hold(
    @Param('id', { schema: accountId }) account: string,
    @Body({ schema: Hold }) body: Hold,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { amount, expires_in_s: seconds, parent_hold_id: parent } = body;
    if (Object.hasOwn(request.body as object, 'usage'))
      throw new AppError('invalid', 'REQUEST_INVALID', 'a hold reserves an amount; usage is told when it is settled');
    if (parent !== undefined && partitionOfHold(parent, this.line.partitions) === null) {
      throw new AppError('not_found', 'HOLD_UNKNOWN', 'there is no such parent hold');
    }
    const data = { amount, expires_in_ms: seconds * 1000, ...present({ parent }) };
    const answer = await this.line.ask(
      requestOf({ type: 'hold', operation: 'hold', account, data, content: request.body }, callerOf(request)),
    );
    const { hold, available } = answer;
    const shown = {
      hold_id: hold?.hold_id,
      amount: hold?.amount,
      expires_at: hold?.expires_at,
      available: available ?? null,
    };
    sendAnswer(this.to(request, reply), answer, { status: 201, body: shown });
  }

  private to(request: FastifyRequest, reply: FastifyReply) {
    return { request, reply, nowMs: this.clock.nowMs() };
  }
}

/** The account when the caller may see it. @throws AppError('not_found') also when it exists for others. */
export function visible(principal: Principal, view: AccountView | null): AccountView {
  const hidden = principal.type === 'user' && !principal.admin && view?.owner !== principal.userId;
  if (view === null || hidden) throw unknownAccount();
  return view;
}

const unknownAccount = (): AppError => new AppError('not_found', 'ACCOUNT_UNKNOWN', 'there is no such account');
