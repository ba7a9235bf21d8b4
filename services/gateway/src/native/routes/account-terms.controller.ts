import { Body, Controller, Param, Patch, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, GivenSettings, LedgerQueries, RequestData, SettingsChange } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { accountId } from '../../http-kit/account-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { freshId, requestOf } from '../../ledger-client/app/requests.ts';
import { mayDo } from '../../people-and-keys/app/access.ts';
import { bodyMember, guarded, pathMember, principalOf } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf, callerOf } from '../../people-and-keys/routes/caller.ts';
import { otherThanSurface, surfaceOpeningOf } from '../../shared/domain/surface-account.ts';
import { docs } from './account-terms.docs.ts';
import { sendAnswer } from './answers.ts';
import { present } from './present.ts';
import { ChangeAccount, OpenAccount } from './shapes.ts';

const accessOf = { active: 'resume', suspended: 'suspend', closed: 'close' } as const;

/** Opens accounts and changes their terms. */
@ApiTags('accounts')
@Controller('v1/accounts')
export class AccountTermsController {
  readonly #ledgerClient: LedgerClient;
  readonly #ledger: LedgerQueries;
  readonly #clock: Clock;

  constructor(ledgerClient: LedgerClient, @inject.ledger() ledger: LedgerQueries, @inject.clock() clock: Clock) {
    this.#ledgerClient = ledgerClient;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  @Post()
  @UseGuards(guarded({ scope: 'accounts:write', account: bodyMember('id') }))
  @documented(docs.open)
  async open(
    @Body({ schema: OpenAccount }) body: OpenAccount,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { id, kind, unit } = body;
    const terms = openingTerms(body);
    if (setsLimit(terms.settings)) await this.#refuseBudget(request, id);
    const data: RequestData['open'] = { kind, unit, ...terms, strict: true };
    const answer = await this.#ledgerClient.ask(
      requestOf({ type: 'open', operation: 'open', account: id, data, content: request.body }, callerOf(request)),
    );
    await this.#send(request, reply, { answer, id, status: answer.outcome === 'unchanged' ? 200 : 201 });
  }

  @Patch(':id')
  @UseGuards(guarded({ scope: 'accounts:write', account: pathMember('id') }))
  @documented(docs.change)
  async change(
    @Param('id', { schema: accountId }) id: string,
    @Body({ schema: ChangeAccount }) body: ChangeAccount,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { settings, owner, status, forfeit, reason } = body;
    const surface = surfaceOpeningOf(id);
    if (owner !== undefined && surface !== null) {
      throw new AppError(
        'conflict',
        'ACCOUNT_ID_RESERVED',
        `${id} belongs to a surface: only the surface sets its owner`,
      );
    }
    if (setsLimit(settings)) await this.#refuseBudget(request, id);
    const data: RequestData['change'] = {
      ...(settings === undefined ? {} : { settings: present(settings) as SettingsChange }),
      ...(owner === undefined ? {} : { owner }),
      ...(status === undefined ? {} : { access: accessOf[status] }),
      ...(forfeit === true ? { forfeit } : {}),
    };
    const caller = actorOf(request);
    const answer = await this.#ledgerClient.ask(
      requestOf(
        { type: 'change', operation: 'change', account: id, data, content: request.body, words: { reason } },
        // A repeated change leads to the same terms, so a late one need not be withdrawn.
        { ...caller, key: caller.key ?? freshId() },
      ),
    );
    await this.#send(request, reply, { answer, id, status: 200 });
  }

  /** A new limit on an account bounds all accounts below it: its opener alone may not decide that. */
  async #refuseBudget(request: FastifyRequest, id: string): Promise<void> {
    if (mayDo(principalOf(request), 'admin') || !(await this.#ledger.hasDescendants({ account: id }))) return;
    const now = await this.#ledger.account({ id });
    if (now !== null && setsLimit(now.settings)) return;
    throw new AppError(
      'refused',
      'SCOPE_MISSING',
      `there are accounts below ${id}: a limit on it bounds them all and needs the scope admin`,
    );
  }

  async #send(
    request: FastifyRequest,
    reply: FastifyReply,
    { answer, id, status }: { answer: Answer; id: string; status: number },
  ): Promise<void> {
    const isWhole = answer.state?.lots !== undefined;
    const state = isWhole || answer.outcome === 'refused' ? (answer.state ?? null) : await this.#ledger.account({ id });
    sendAnswer({ request, reply, nowMs: this.#clock.nowMs() }, answer, { status, body: state });
  }
}

const setsLimit = (settings: SettingsChange | undefined): boolean =>
  settings !== undefined && ((settings.limit ?? null) !== null || (settings.limits ?? []).length > 0);

/** Owner and settings of a new account. The account of a surface is opened exactly as the surface would open it. */
function openingTerms({ id, kind, unit, owner, settings }: OpenAccount): {
  readonly owner?: string;
  readonly settings?: GivenSettings;
} {
  const given = settings === undefined ? undefined : (present(settings) as GivenSettings);
  const surface = surfaceOpeningOf(id);
  if (surface === null)
    return { ...(owner === undefined ? {} : { owner }), ...(given === undefined ? {} : { settings: given }) };
  const others = otherThanSurface(surface, { kind, unit, owner, settings: given });
  if (others.length > 0) {
    const { kind: itsKind, unit: itsUnit, owner: itsOwner } = surface;
    throw new AppError(
      'conflict',
      'ACCOUNT_ID_RESERVED',
      `${id} belongs to a surface, which opens it as kind ${itsKind}, unit ${itsUnit}, ` +
        `${itsOwner === null ? 'without an owner' : `owner ${itsOwner}`}; given otherwise: ${others.join(', ')}`,
    );
  }
  const itsSettings = { ...surface.settings, ...given };
  return {
    ...(surface.owner === null ? {} : { owner: surface.owner }),
    ...(Object.keys(itsSettings).length === 0 ? {} : { settings: itsSettings }),
  };
}
