import { Body, Controller, Get, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntryView, Explanation, LedgerQueries, ProofView } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import type { Principal } from '../../people-and-keys/app/access.ts';
import { isWithin } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import { partitionOfEntry } from '../../shared/domain/account-id.ts';
import { bookedBody, sendAnswer } from './answers.ts';
import { docs } from './entries.docs.ts';
import { Correct } from './shapes.ts';
import { shownEntry } from './shown-entry.ts';

@ApiTags('entries')
@Controller('v1/entries')
export class EntriesController {
  readonly #ledgerClient: LedgerClient;
  readonly #ledger: LedgerQueries;
  readonly #clock: Clock;

  constructor(ledgerClient: LedgerClient, @inject.ledger() ledger: LedgerQueries, @inject.clock() clock: Clock) {
    this.#ledgerClient = ledgerClient;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  @Get(':id')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: 'checked' }))
  @documented(docs.read)
  read(@Param('id') id: string, @Req() request: FastifyRequest): Promise<EntryView> {
    return this.#find(id, principalOf(request));
  }

  @Get(':id/explain')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: 'checked' }))
  @documented(docs.explain)
  async explain(@Param('id') id: string, @Req() request: FastifyRequest): Promise<Explanation> {
    await this.#find(id, principalOf(request));
    const explanation = await this.#ledger.explain({ id });
    if (explanation === null) throw unknownEntry();
    return { ...explanation, entry: shownEntry(principalOf(request), explanation.entry) };
  }

  @Get(':id/proof')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: 'checked' }))
  @documented(docs.proof)
  async proof(@Param('id') id: string, @Req() request: FastifyRequest): Promise<ProofView> {
    await this.#find(id, principalOf(request));
    const proof = await this.#ledger.proof({ id });
    if (proof === null) throw unknownEntry();
    if (proof === 'not_sealed') {
      throw new AppError(
        'conflict',
        'NOT_SEALED_YET',
        'the entry is not sealed yet: entries are sealed within a second, try again',
        {
          retry_after_s: 1,
        },
      );
    }
    return proof;
  }

  @Post(':id/correct')
  @UseGuards(guarded({ scope: 'admin', account: 'checked' }))
  @documented(docs.correct)
  async correct(
    @Param('id') id: string,
    @Body({ schema: Correct }) body: Correct,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const partition = partitionOfEntry(id, this.#ledgerClient.partitions);
    if (partition === null) throw unknownEntry();
    const { amount, reason } = body;
    const principal = principalOf(request);
    // Only a key of one family needs to know the account; otherwise the ledger finds it.
    if (principal.type === 'server' && principal.account !== null) await this.#find(id, principal);
    const data = { entry: id, ...(amount === undefined ? {} : { amount }) };
    const content = { entry: id, body: request.body };
    const answer = await this.#ledgerClient.ask(
      requestOf(
        { type: 'correct', operation: 'correct', account: '', data, content, words: { reason } },
        actorOf(request),
      ),
      partition,
    );
    sendAnswer({ request, reply, nowMs: this.#clock.nowMs() }, answer, { status: 201, body: bookedBody(answer) });
  }

  /** The entry, if the caller may see it. For a user, entries of others do not exist. */
  async #find(id: string, principal: Principal): Promise<EntryView> {
    const entry =
      partitionOfEntry(id, this.#ledgerClient.partitions) === null ? null : await this.#ledger.entry({ id });
    if (entry === null || !isWithin(principal, entry.account)) throw unknownEntry();
    if (principal.type === 'user' && !principal.admin) {
      const since = await this.#ledger.ownedSince({ account: entry.account, owner: principal.userId });
      if (since === null || BigInt(entry.seq) < BigInt(since.seq)) throw unknownEntry();
    }
    return shownEntry(principal, entry);
  }
}

const unknownEntry = (): AppError => new AppError('not_found', 'ENTRY_UNKNOWN', 'there is no such entry');
