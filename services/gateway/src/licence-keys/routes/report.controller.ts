import { Controller, Get, Param, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { addressOf } from '../../http-kit/address.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { usageReport } from '../../usage-report/app/usage-report.ts';
import { ReportQuery } from '../../usage-report/routes/shapes.ts';
import { sendReport } from '../../usage-report/routes/usage-report.controller.ts';
import { GuessLimit } from '../app/guess-limit.ts';
import { LicenceKeys } from '../app/licence-keys.ts';
import { docs } from './report.docs.ts';
import { keyText } from './shapes.ts';

@ApiTags('licence keys')
@Controller('api/user/license-keys')
export class LicenceReportController {
  readonly #keys: LicenceKeys;
  readonly #ledger: LedgerQueries;
  readonly #clock: Clock;
  readonly #guesses: GuessLimit;

  constructor(
    keys: LicenceKeys,
    guesses: GuessLimit,
    @inject.ledger() ledger: LedgerQueries,
    @inject.clock() clock: Clock,
  ) {
    this.#keys = keys;
    this.#guesses = guesses;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  @Get(':licenseKey/report')
  @UseGuards(guarded('user'))
  @documented(docs.report)
  async report(
    @Param('licenseKey', { schema: keyText }) key: string,
    @Query({ schema: ReportQuery }) query: ReportQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { userId } = userOf(request);
    const { licence, since } = await this.#guesses.answerUser({ address: addressOf(request), userId }, () =>
      this.#keys.ofOwner(key, userId),
    );
    const data = await usageReport(this.#ledger, {
      ...query,
      account: licence.account,
      fromSeq: since.seq,
      nowMs: this.#clock.nowMs(),
    });
    sendReport(reply, query, { success: true, data } as { readonly data: typeof data });
  }
}
