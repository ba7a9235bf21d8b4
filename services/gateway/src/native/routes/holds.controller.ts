import { Body, Controller, HttpCode, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import type { NewRequest } from '../../ledger-client/app/requests.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import type { Principal } from '../../people-and-keys/app/access.ts';
import { isWithin } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { partitionOfHold } from '../../shared/domain/account-id.ts';
import { holdBody, sendAnswer } from './answers.ts';
import { docs } from './holds.docs.ts';
import { Extend, Nothing, Settle } from './shapes.ts';
import { usageData } from './usage-data.ts';

@ApiTags('holds')
@Controller('v1/holds')
export class HoldsController {
  readonly #ledgerClient: LedgerClient;
  readonly #ledger: LedgerQueries;
  readonly #clock: Clock;

  constructor(ledgerClient: LedgerClient, @inject.ledger() ledger: LedgerQueries, @inject.clock() clock: Clock) {
    this.#ledgerClient = ledgerClient;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  @Post(':id/settle')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'accounts:write', account: 'checked' }))
  @documented(docs.settle)
  async settle(
    @Param('id') hold: string,
    @Body({ schema: Settle }) body: Settle,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#ask(hold, { type: 'settle', operation: 'settle', data: { hold, ...usageData(body) } }, request, reply);
  }

  @Post(':id/extend')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'accounts:write', account: 'checked' }))
  @documented(docs.extend)
  extend(
    @Param('id') hold: string,
    @Body({ schema: Extend }) body: { amount: string },
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#ask(
      hold,
      { type: 'extend', operation: 'extend', data: { hold, amount: body.amount } },
      request,
      reply,
    );
  }

  @Post(':id/release')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'accounts:write', account: 'checked' }))
  @documented(docs.release)
  release(
    @Param('id') hold: string,
    @Body({ schema: Nothing }) _body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#ask(hold, { type: 'release', operation: 'release', data: { hold } }, request, reply);
  }

  /** Only a key of one family needs the account beforehand. */
  async #mayTouch(hold: string, principal: Principal): Promise<boolean> {
    if (principal.type === 'user' || principal.account === null) return true;
    const account = await this.#ledger.holdAccount({ id: hold });
    return account !== null && isWithin(principal, account);
  }

  /** A hold's id names its partition; the ledger finds the account. */
  async #ask<T extends 'settle' | 'extend' | 'release'>(
    hold: string,
    wanted: Pick<NewRequest<T>, 'type' | 'operation' | 'data'>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const partition = partitionOfHold(hold, this.#ledgerClient.partitions);
    if (partition === null || !(await this.#mayTouch(hold, principalOf(request))))
      throw new AppError('not_found', 'HOLD_UNKNOWN', 'there is no such hold');
    const answer = await this.#ledgerClient.ask(
      requestOf({ ...wanted, account: '', content: wanted.data }, callerOf(request)),
      partition,
    );
    sendAnswer({ request, reply, nowMs: this.#clock.nowMs() }, answer, { status: 200, body: holdBody(answer) });
  }
}
