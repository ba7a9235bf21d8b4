import { Controller, Get, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { HealthReport, Metrics } from '@tollgate/service-kit';
import type { FastifyReply } from 'fastify';
import { documented } from '../documented.ts';
import { inject } from '../tokens.ts';

@ApiTags('operations')
@Controller()
export class HealthController {
  private readonly readiness: () => Promise<HealthReport>;
  private readonly registry: Metrics;

  constructor(@inject.readiness() readiness: () => Promise<HealthReport>, @inject.metrics() registry: Metrics) {
    this.readiness = readiness;
    this.registry = registry;
  }

  @Get('health/live')
  @documented({ summary: 'The process runs', auth: 'none', status: 200, example: { live: true } })
  live(): unknown {
    return { live: true };
  }

  @Get('health/ready')
  @documented({
    summary: 'A request would succeed now; 503 names the part that is missing', auth: 'none', status: 200,
    example: { ready: true, parts: [{ name: 'log', up: true }, { name: 'ledger', up: true }, { name: 'database', up: true }] },
    errors: ['LEDGER_UNAVAILABLE'],
  })
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const report = await this.readiness();
    void reply.code(report.ready ? 200 : 503).send(report);
  }

  @Get('metrics')
  @documented({ summary: 'Figures as Prometheus text', auth: 'none', status: 200, example: '# HELP …' })
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    void reply.type(this.registry.contentType).send(await this.registry.metrics());
  }
}
