import { Body, Controller, Get, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntryView, Explanation, LedgerQueries, ProofView } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { RequestLine } from '../../ledger-client/app/ledger-client.ts';
import { requestOf } from '../../ledger-client/app/requests.ts';
import type { Principal } from '../../people-and-keys/app/access.ts';
import { isWithin } from '../../people-and-keys/app/access.ts';
import { guarded, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import { partitionOfEntry } from '../../shared/domain/account-id.ts';
import { Booked, Entry, ExplainedEntry, Proof } from './answer-shapes.ts';
import { bookedBody, sendAnswer } from './answers.ts';
import { entryExample } from './examples.ts';
import { Correct } from './shapes.ts';
import { shownEntry } from './shown-entry.ts';

@ApiTags('entries')
@Controller('v1/entries')
export class EntriesController {
  private readonly line: RequestLine;
  private readonly ledger: LedgerQueries;
  private readonly clock: Clock;

  constructor(line: RequestLine, @inject.ledger() ledger: LedgerQueries, @inject.clock() clock: Clock) {
    this.line = line;
    this.ledger = ledger;
    this.clock = clock;
  }

  @Get(':id')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: 'checked' }))
  @documented({
    summary: 'One entry',
    auth: 'server key or owner',
    status: 200,
    answer: Entry,
    example: entryExample,
    errors: ['ENTRY_UNKNOWN'],
    description:
      'As it was booked. A request that burned several grants has an entry for each, in order: `ordinal` 0, 1, ' +
      '…, with the same `source` and ' +
      '`request_id` and following `seq`s in GET /v1/accounts/:id/entries. Its answer names the first and shows ' +
      'the amount and the balance of the whole.',
  })
  read(@Param('id') id: string, @Req() request: FastifyRequest): Promise<EntryView> {
    return this.find(id, principalOf(request));
  }

  @Get(':id/explain')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: 'checked' }))
  @documented({
    summary: 'How the amount of an entry came about; `result` is that amount, sign included',
    auth: 'server key or owner',
    status: 200,
    answer: ExplainedEntry,
    errors: ['ENTRY_UNKNOWN'],
    example: {
      entry: entryExample,
      rate: { card: 'default', version: 1, effective_from: '2000-01-01T00:00:00.000Z' },
      inputs: { input_tokens: '100', output_tokens: '400' },
      steps: [
        { step: 'output_tokens', formula: 'ceil(400 × 1 / 4)', result: '100' },
        { step: 'cost', formula: 'ceil(100 + 100 × 0 / 10000)', result: '100' },
        { step: 'amount', formula: '-100', result: '-100' },
      ],
      result: '-100',
    },
  })
  async explain(@Param('id') id: string, @Req() request: FastifyRequest): Promise<Explanation> {
    await this.find(id, principalOf(request));
    const explanation = await this.ledger.explain({ id });
    if (explanation === null) throw unknownEntry();
    return { ...explanation, entry: shownEntry(principalOf(request), explanation.entry) };
  }

  @Get(':id/proof')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: 'checked' }))
  @documented({
    summary: 'Inclusion proof and seal: a receipt that needs no trust in us',
    auth: 'server key or owner',
    status: 200,
    answer: Proof,
    errors: ['ENTRY_UNKNOWN', 'NOT_SEALED_YET'],
    example: {
      entry: '17-412',
      leaf: '{…}',
      leaf_hash: '9f…',
      leaf_index: 3,
      tree_size: 8,
      path: ['0a…', '77…', 'c4…'],
      seal: {
        partition: 17,
        number: '51',
        from_seq: '409',
        to_seq: '416',
        root: 'be…',
        previous: '13…',
        seal_hash: '6d…',
        sealed_at: '2026-11-21T12:00:00.400Z',
      },
    },
  })
  async proof(@Param('id') id: string, @Req() request: FastifyRequest): Promise<ProofView> {
    await this.find(id, principalOf(request));
    const proof = await this.ledger.proof({ id });
    if (proof === null) throw unknownEntry();
    if (proof === 'not_sealed') {
      throw new AppError('conflict', 'NOT_SEALED_YET', 'entries are sealed within a second; ask again', {
        retry_after_s: 1,
      });
    }
    return proof;
  }

  @Post(':id/correct')
  @UseGuards(guarded({ scope: 'admin', account: 'checked' }))
  @documented({
    summary: 'Gives back all or a part of an entry by another entry that names it',
    auth: 'admin',
    status: 201,
    once: true,
    answer: Booked,
    example: { entry: { ...entryExample, kind: 'corrected', amount: '1', corrects: '17-412' }, available: '1000' },
    errors: ['ENTRY_UNKNOWN', 'ENTRY_NOT_CORRECTABLE', 'AMOUNT_OUT_OF_RANGE'],
  })
  async correct(
    @Param('id') id: string,
    @Body({ schema: Correct }) body: Correct,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const partition = partitionOfEntry(id, this.line.partitions);
    if (partition === null) throw unknownEntry();
    const { amount, reason } = body;
    const principal = principalOf(request);
    // Whose entry it is matters to a key of one family only; for others the ledger finds it.
    if (principal.type === 'server' && principal.account !== null) await this.find(id, principal);
    const data = { entry: id, ...(amount === undefined ? {} : { amount }) };
    const content = { entry: id, body: request.body };
    const answer = await this.line.ask(
      requestOf(
        { type: 'correct', operation: 'correct', account: '', data, content, words: { reason } },
        actorOf(request),
      ),
      partition,
    );
    sendAnswer({ request, reply, nowMs: this.clock.nowMs() }, answer, { status: 201, body: bookedBody(answer) });
  }

  /** The entry when the caller may see it; others' entries do not exist for a user. */
  private async find(id: string, principal: Principal): Promise<EntryView> {
    const entry = partitionOfEntry(id, this.line.partitions) === null ? null : await this.ledger.entry({ id });
    if (entry === null || !isWithin(principal, entry.account)) throw unknownEntry();
    if (principal.type === 'user' && !principal.admin) {
      const since = await this.ledger.ownedSince({ account: entry.account, owner: principal.userId });
      if (since === null || BigInt(entry.seq) < BigInt(since.seq)) throw unknownEntry();
    }
    return shownEntry(principal, entry);
  }
}

const unknownEntry = (): AppError => new AppError('not_found', 'ENTRY_UNKNOWN', 'there is no such entry');
