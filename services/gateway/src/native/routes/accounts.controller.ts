import { Body, Controller, Get, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AccountView, LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { accountId } from '../../http-kit/account-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import type { Principal } from '../../people-and-keys/app/access.ts';
import { seenFrom } from '../../people-and-keys/app/own-accounts.ts';
import { guarded, pathMember, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf, callerOf } from '../../people-and-keys/routes/caller.ts';
import { partitionOfHold } from '../../shared/domain/account-id.ts';
import { docs } from './accounts.docs.ts';
import { bookedBody, sendAnswer } from './answers.ts';
import { present } from './present.ts';
import { AccountQuery, EntriesQuery, Grant, Hold, Spend } from './shapes.ts';
import { shownEntry } from './shown-entry.ts';
import { usageData } from './usage-data.ts';

const ofPath = pathMember('id');

@ApiTags('accounts')
@Controller('v1/accounts')
export class AccountsController {
  readonly #ledgerClient: LedgerClient;
  readonly #ledger: LedgerQueries;
  readonly #clock: Clock;

  constructor(ledgerClient: LedgerClient, @inject.ledger() ledger: LedgerQueries, @inject.clock() clock: Clock) {
    this.#ledgerClient = ledgerClient;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  @Get(':id')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: ofPath }))
  @documented(docs.read)
  async read(
    @Param('id', { schema: accountId }) id: string,
    @Query({ schema: AccountQuery }) query: AccountQuery,
    @Req() request: FastifyRequest,
  ): Promise<AccountView> {
    const principal = principalOf(request);
    const view = await this.#ledger.account(query.at === undefined ? { id } : { id, at: query.at });
    if (view !== null && query.at === undefined) return visible(principal, view);
    // The present owner decides who may see an account's past.
    const now = visible(principal, query.at === undefined ? null : await this.#ledger.account({ id }));
    const since = await seenFrom(this.#ledger, principal, id);
    if (since !== undefined && query.at !== undefined && query.at < since.recorded_at) throw unknownAccount();
    if (view === null)
      throw new AppError(
        'not_found',
        'ACCOUNT_UNKNOWN',
        `the account did not exist then: it was opened at ${now.opened_at}`,
      );
    return view;
  }

  @Get(':id/entries')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: ofPath }))
  @documented(docs.entries)
  async entries(
    @Param('id', { schema: accountId }) id: string,
    @Query({ schema: EntriesQuery }) query: EntriesQuery,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const principal = principalOf(request);
    const since = await seenFrom(this.#ledger, principal, id);
    const page = await this.#ledger.entries({
      account: id,
      ...present(query),
      ...(since === undefined ? {} : { from_seq: since.seq }),
    });
    if (page === null) throw unknownAccount();
    return { ...page, items: page.items.map((entry) => shownEntry(principal, entry)) };
  }

  @Post(':id/grants')
  @UseGuards(guarded({ scope: 'accounts:write', account: ofPath }))
  @documented(docs.grant)
  async grant(
    @Param('id', { schema: accountId }) account: string,
    @Body({ schema: Grant }) body: Grant,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { amount, kind, priority, expires_at: expiresAt, reason } = body;
    const caller = actorOf(request);
    // A repeat under a key may come after the expiry, so only a request without a key is checked here.
    if (expiresAt !== undefined && caller.key === undefined && Date.parse(expiresAt) <= this.#clock.nowMs()) {
      throw new AppError('invalid', 'TIME_OUT_OF_RANGE', 'expires_at lies in the past');
    }
    const data = { amount, ...present({ kind, priority, expires_at: expiresAt }) };
    const answer = await this.#ledgerClient.ask(
      requestOf({ type: 'grant', operation: 'grant', account, data, content: request.body, words: { reason } }, caller),
    );
    sendAnswer(this.#to(request, reply), answer, { status: 201, body: bookedBody(answer) });
  }

  @Post(':id/spend')
  @UseGuards(guarded({ scope: 'accounts:write', account: ofPath }))
  @documented(docs.spend)
  async spend(
    @Param('id', { schema: accountId }) account: string,
    @Body({ schema: Spend }) body: Spend,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { metadata } = body;
    const answer = await this.#ledgerClient.ask(
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
    sendAnswer(this.#to(request, reply), answer, { status: 200, body: bookedBody(answer) });
  }

  @Post(':id/holds')
  @UseGuards(guarded({ scope: 'accounts:write', account: ofPath }))
  @documented(docs.hold)
  async hold(
    @Param('id', { schema: accountId }) account: string,
    @Body({ schema: Hold }) body: Hold,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { amount, expires_in_s: seconds, parent_hold_id: parent } = body;
    if (Object.hasOwn(request.body as object, 'usage'))
      throw new AppError('invalid', 'REQUEST_INVALID', 'a hold takes "amount"; send "usage" when you settle it');
    if (parent !== undefined && partitionOfHold(parent, this.#ledgerClient.partitions) === null) {
      throw new AppError('not_found', 'HOLD_UNKNOWN', 'there is no such parent hold');
    }
    const data = { amount, expires_in_ms: seconds * 1000, ...present({ parent }) };
    const answer = await this.#ledgerClient.ask(
      requestOf({ type: 'hold', operation: 'hold', account, data, content: request.body }, callerOf(request)),
    );
    const { hold, available } = answer;
    const shown = {
      hold_id: hold?.hold_id,
      amount: hold?.amount,
      expires_at: hold?.expires_at,
      available: available ?? null,
    };
    sendAnswer(this.#to(request, reply), answer, { status: 201, body: shown });
  }

  #to(request: FastifyRequest, reply: FastifyReply) {
    return { request, reply, nowMs: this.#clock.nowMs() };
  }
}

/**
 * The account, if the caller may see it.
 * @throws AppError('not_found') even if it exists for others.
 */
export function visible(principal: Principal, view: AccountView | null): AccountView {
  const hidden = principal.type === 'user' && !principal.admin && view?.owner !== principal.userId;
  if (view === null || hidden) throw unknownAccount();
  return view;
}

const unknownAccount = (): AppError => new AppError('not_found', 'ACCOUNT_UNKNOWN', 'there is no such account');
