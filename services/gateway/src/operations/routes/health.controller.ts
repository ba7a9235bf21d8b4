import { Controller, Get, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { HealthReport, Metrics } from '@tollgate/service-kit';
import type { FastifyReply } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { Figures, Live, Ready } from '../../native/routes/answer-shapes.ts';

@ApiTags('operations')
@Controller()
export class HealthController {
  private readonly readiness: () => Promise<HealthReport>;
  private readonly details: boolean;

  constructor(@inject.readiness() readiness: () => Promise<HealthReport>, @inject.publicDetails() details: boolean) {
    this.readiness = readiness;
    this.details = details;
  }

  @Get('health/live')
  @documented({
    summary: 'The process runs',
    auth: 'none',
    local: true,
    status: 200,
    answer: Live,
    example: { live: true },
  })
  live(): unknown {
    return { live: true };
  }

  @Get('health/ready')
  @documented({
    summary: 'A request would succeed now; 503 names the part that is missing, on one machine',
    description: 'Distributed, the parts and the figures are on HEALTH_PORT alone.',
    auth: 'none',
    local: true,
    status: 200,
    answer: Ready,
    example: {
      ready: true,
      parts: [
        { name: 'log', up: true },
        { name: 'ledger', up: true },
        { name: 'database', up: true },
      ],
    },
    also: [
      {
        status: 503,
        description: 'a part is missing',
        answer: Ready,
        example: { ready: false, parts: [{ name: 'log', up: false, detail: 'no answer within 2000 ms' }] },
      },
    ],
  })
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const report = await this.readiness();
    void reply.code(report.ready ? 200 : 503).send(this.details ? report : { ready: report.ready });
  }
}

/** On the public port of one machine; distributed, figures are for the inside alone. */
@ApiTags('operations')
@Controller()
export class MetricsController {
  private readonly registry: Metrics;

  constructor(@inject.metrics() registry: Metrics) {
    this.registry = registry;
  }

  @Get('metrics')
  @documented({
    summary: 'Figures as Prometheus text',
    auth: 'none',
    local: true,
    status: 200,
    produces: ['text/plain'],
    answer: Figures,
    example: '# HELP …',
  })
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    void reply.type(this.registry.contentType).send(await this.registry.metrics());
  }
}
