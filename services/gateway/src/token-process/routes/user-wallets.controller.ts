import { Body, Controller, Get, HttpCode, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AccountState, Answer, AnswerProblem } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { shownNumber } from '../../http-kit/number-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { failureOfProblem, sendRefusal, unexplained } from '../../http-kit/refusal.ts';
import { inject } from '../../http-kit/tokens.ts';
import type { AccountOf } from '../../people-and-keys/routes/access.guard.ts';
import { bodyMember, guarded, pathMember, principalOf, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import { surfaceAccount } from '../../shared/domain/account-id.ts';
import { TokenCatalogCopy } from '../app/token-catalog.ts';
import { Wallets } from '../app/wallets.ts';
import { clientId, GiveBonusToken, GiveInitialToken, GivePackage } from './shapes.ts';
import { docs } from './user-wallets.docs.ts';
/** The wallet of the user in the request. */
const walletOf =
  (user: AccountOf): AccountOf =>
  (request) => {
    const userId = user(request);
    return userId === null ? null : surfaceAccount('wallet', userId);
  };
const givers = { scope: 'accounts:write', account: walletOf(bodyMember('user_id')) } as const;
const packageGivers = { scope: 'accounts:write', account: walletOf(pathMember('user_id')) } as const;

@ApiTags('token process: wallets')
@Controller('api/user-wallets')
export class UserWalletsController {
  readonly #wallets: Wallets;
  readonly #catalog: TokenCatalogCopy;
  readonly #clock: Clock;

  constructor(wallets: Wallets, catalog: TokenCatalogCopy, @inject.clock() clock: Clock) {
    this.#wallets = wallets;
    this.#catalog = catalog;
    this.#clock = clock;
  }

  @Get('self')
  @UseGuards(guarded('user'))
  @documented(docs.self)
  async self(@Req() request: FastifyRequest): Promise<unknown> {
    return this.#shown(userOf(request).userId);
  }

  @Get('user/:user_id')
  @UseGuards(guarded({ scope: 'accounts:read', owners: true, account: walletOf(pathMember('user_id')) }))
  @documented(docs.ofUser)
  async ofUser(
    @Param('user_id', { schema: clientId }) userId: string,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const principal = principalOf(request);
    if (principal.type === 'user' && !principal.admin && principal.userId !== userId)
      throw new AppError('refused', 'SCOPE_MISSING', 'Admin access required');
    return this.#shown(userId);
  }

  @Post('give-initial-token')
  @HttpCode(200)
  @UseGuards(guarded(givers))
  @documented(docs.giveInitial)
  async giveInitial(
    @Body({ schema: GiveInitialToken }) body: GiveInitialToken,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { user_id: userId, token } = body;
    const answer = await this.#wallets.giveInitial({ userId, tokens: BigInt(token) }, actorOf(request));
    this.#send({ request, reply }, answer, { message: 'Initial token given', data: { user_id: userId } });
  }

  @Post('give-bonus-token')
  @HttpCode(200)
  @UseGuards(guarded(givers))
  @documented(docs.giveBonus)
  async giveBonus(
    @Body({ schema: GiveBonusToken }) body: GiveBonusToken,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { user_id: userId, token } = body;
    const answer = await this.#wallets.giveBonus({ userId, tokens: BigInt(token) }, actorOf(request));
    this.#send({ request, reply }, answer, { message: 'Bonus token given', data: { user_id: userId } });
  }

  @Post(':user_id/package')
  @HttpCode(200)
  @UseGuards(guarded(packageGivers))
  @documented(docs.givePackage)
  async givePackage(
    @Param('user_id', { schema: clientId }) userId: string,
    @Body({ schema: GivePackage }) body: GivePackage,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const caller = actorOf(request);
    const known = (await this.#catalog.fresh()).packages.get(body.package);
    const reason = 'Package not found';
    const answer =
      known === undefined || known.removed
        ? await this.#wallets.refusePackage({ userId, id: body.package, reason }, caller)
        : await this.#wallets.givePackage({ userId, package: known, nowMs: this.#clock.nowMs() }, caller);
    const kept = (answer.entry?.details?.['metadata'] ?? {}) as {
      readonly package?: string;
      readonly package_expires?: string | null;
    };
    const data = {
      user_id: userId,
      package: kept.package ?? body.package,
      package_expires_at: kept.package_expires ?? null,
    };
    this.#send({ request, reply }, answer, { message: 'Package given', data });
  }

  async #shown(userId: string): Promise<unknown> {
    const view = await this.#wallets.find(userId);
    if (view === null) throw new AppError('not_found', 'ACCOUNT_UNKNOWN', 'User wallet not found');
    return { success: true, message: 'User wallet found', data: shownWallet(userId, view) };
  }

  #send(
    to: { readonly request: FastifyRequest; readonly reply: FastifyReply },
    answer: Answer,
    about: { readonly message: string; readonly data: Readonly<Record<string, unknown>> },
  ): void {
    const { entry } = answer;
    if (entry === undefined) {
      const problem = answer.problem ?? unexplained;
      sendRefusal(to.request, to.reply, { ...failureOfProblem(problem, this.#clock.nowMs()), ...wordsOf(problem) });
      return;
    }
    if (answer.replayed) void to.reply.header('idempotent-replay', 'true');
    const data = { ...about.data, token: shownNumber(entry.balance_after) };
    void to.reply.code(200).send({ success: true, message: about.message, data });
  }
}

const shownWallet = (userId: string, { balance, settings }: AccountState): Record<string, unknown> => ({
  user_id: userId,
  token: shownNumber(balance),
  package: settings.package ?? null,
  package_expires_at: settings.package_expires ?? null,
});

/** Refusals of the ledger in the words of this surface. */
function wordsOf({ code }: AnswerProblem): { readonly status?: number; readonly detail?: string } {
  if (code === 'GIFT_GIVEN') return { status: 400, detail: 'Initial token already given' };
  return code === 'TERMS_REFUSED' || code === 'ACCOUNT_UNKNOWN' ? { status: 404, detail: 'Package not found' } : {};
}
