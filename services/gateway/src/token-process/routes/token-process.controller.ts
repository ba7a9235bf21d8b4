import { Body, Controller, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Clock } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { shownNumber } from '../../http-kit/number-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { failureOfProblem, sendRefusal } from '../../http-kit/refusal.ts';
import { inject } from '../../http-kit/tokens.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import type { Refused } from '../app/token-process.ts';
import { TokenProcess } from '../app/token-process.ts';
import { ServerKeyGuard } from './server-key.guard.ts';
import { EndBody, refuseUnknownCounts, StartBody } from './shapes.ts';
import { docs } from './token-process.docs.ts';

@ApiTags('token process')
@Controller('api/token-process')
export class TokenProcessController {
  readonly #process: TokenProcess;
  readonly #clock: Clock;

  constructor(process: TokenProcess, @inject.clock() clock: Clock) {
    this.#process = process;
    this.#clock = clock;
  }

  @Post('start')
  @HttpCode(200)
  @UseGuards(ServerKeyGuard)
  @documented(docs.start)
  async start(
    @Body({ schema: StartBody }) body: StartBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { user_id: userId, feature_endpoint_id: endpointId, estimate = 0, expires_in_s: seconds } = body;
    const started = await this.#process.start(
      { userId, endpointId, estimate, expiresInMs: seconds * 1000 },
      callerOf(request),
    );
    if ('problem' in started) return this.#refuse(started, request, reply);
    const { token, message, hold, replayed } = started;
    const data = {
      user_id: userId,
      token: shownNumber(token),
      status: message === undefined ? 'accessible' : 'not-accessible',
      ...(message === undefined ? {} : { message }),
      ...(hold === undefined ? {} : { hold_id: hold.hold_id, expires_at: hold.expires_at }),
    };
    if (replayed === true) void reply.header('idempotent-replay', 'true');
    void reply.code(200).send({ success: true, message: 'Token process start completed', data });
  }

  @Post('end')
  @HttpCode(200)
  @UseGuards(ServerKeyGuard)
  @documented(docs.end)
  async end(
    @Body({ schema: EndBody }) body: EndBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    refuseUnknownCounts(request.body);
    const {
      user_id: userId,
      feature_endpoint_id: endpointId,
      input_token: input,
      output_token: output,
      model,
      hold_id: holdId,
    } = body;
    const ended = await this.#process.end({ userId, endpointId, input, output, model, holdId }, callerOf(request));
    if ('problem' in ended) return this.#refuse(ended, request, reply);
    const { token, cost, message, replayed } = ended;
    const data = {
      user_id: userId,
      token: shownNumber(token),
      cost: shownNumber(cost),
      status: message === undefined ? 'returnable' : 'not-returnable',
      ...(message === undefined ? {} : { message }),
    };
    if (replayed === true) void reply.header('idempotent-replay', 'true');
    void reply.code(200).send({ success: true, message: 'Token process end completed', data });
  }

  #refuse({ problem }: Refused, request: FastifyRequest, reply: FastifyReply): void {
    sendRefusal(request, reply, failureOfProblem(problem, this.#clock.nowMs()));
  }
}
