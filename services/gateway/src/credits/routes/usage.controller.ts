import { Body, Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { guarded, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { CreditWork } from '../app/credit-work.ts';
import { Credits } from '../app/credits.ts';
import { CreditUsage, ReviewGenerated, WorkflowStarted } from './answer-shapes.ts';
import { memberOf, sendWork } from './answers.ts';
import { creditInfoExample, insufficientExample, usageExample } from './examples.ts';
import { GenerateReview, shownUsage, StartWorkflow } from './shapes.ts';

const surface = 'credits';
const failed = (status: number, error: string, detail: string) => [status, error, { error, detail, status }] as const;
const errors = [
  [429, 'Insufficient credits', insufficientExample],
  failed(502, 'Service failed', 'the service answered 500; no credit was used'),
  failed(504, 'Service timed out', 'the service did not answer within 60 s; no credit was used'),
] as const;

@ApiTags('credits')
@Controller('api')
export class CreditsController {
  private readonly credits: Credits;
  private readonly work: CreditWork;

  constructor(credits: Credits, work: CreditWork) {
    this.credits = credits;
    this.work = work;
  }

  @Get('user/usage')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'What the user has left and has used',
    auth: 'user',
    status: 200,
    surface,
    answer: CreditUsage,
    example: usageExample,
  })
  async usage(@Req() request: FastifyRequest): Promise<unknown> {
    return { success: true, data: shownUsage(await this.credits.status(userOf(request).userId)) };
  }

  @Post('projects/start-workflow')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'Starts a code generation for one credit',
    auth: 'user',
    status: 200,
    once: true,
    surface,
    answer: WorkflowStarted,
    errors,
    description: 'The credit is held, settled when the workflow service accepted, released when it failed.',
    example: { success: true, workflowStarted: true, message: 'Workflow started', creditInfo: creditInfoExample },
  })
  async startWorkflow(
    @Body({ schema: StartWorkflow }) body: StartWorkflow,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { projectId } = body;
    const ran = await this.work.do(
      'start-workflow',
      { userId: userOf(request).userId, request: { projectId } },
      callerOf(request),
    );
    sendWork({ request, reply }, ran, (content, creditInfo) => {
      const said = memberOf(content, 'message');
      return {
        success: true,
        workflowStarted: true,
        message: typeof said === 'string' ? said : 'Workflow started',
        creditInfo,
      };
    });
  }

  @Post('review/generate')
  @UseGuards(guarded('user'))
  @documented({
    summary: 'Generates a code review for one credit',
    auth: 'user',
    status: 200,
    once: true,
    surface,
    answer: ReviewGenerated,
    errors,
    description: 'The credit is held, settled when the review service delivered, released when it failed.',
    example: {
      review: 'Two findings: …',
      creditInfo: { ...creditInfoExample, creditsRemaining: 3, totalTokensUsed: 4_000 },
    },
  })
  async review(
    @Body({ schema: GenerateReview }) body: GenerateReview,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { projectId, files } = body;
    const wanted = { projectId, ...(files === undefined || files === null ? {} : { files }) };
    const ran = await this.work.do('review', { userId: userOf(request).userId, request: wanted }, callerOf(request));
    sendWork({ request, reply }, ran, (content, creditInfo) => ({
      review: memberOf(content, 'review') ?? content,
      creditInfo,
    }));
  }
}
