import { Controller, Get, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { HealthReport, Metrics } from '@tollgate/service-kit';
import type { FastifyReply } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { docs } from './health.docs.ts';

@ApiTags('operations')
@Controller()
export class HealthController {
  readonly #readiness: () => Promise<HealthReport>;
  readonly #details: boolean;

  constructor(@inject.readiness() readiness: () => Promise<HealthReport>, @inject.publicDetails() details: boolean) {
    this.#readiness = readiness;
    this.#details = details;
  }

  @Get('health/live')
  @documented(docs.live)
  live(): unknown {
    return { live: true };
  }

  @Get('health/ready')
  @documented(docs.ready)
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const report = await this.#readiness();
    void reply.code(report.ready ? 200 : 503).send(this.#details ? report : { ready: report.ready });
  }
}

/** Served on the public port on one machine only. In a distributed set-up metrics have their own port. */
@ApiTags('operations')
@Controller()
export class MetricsController {
  readonly #registry: Metrics;

  constructor(@inject.metrics() registry: Metrics) {
    this.#registry = registry;
  }

  @Get('metrics')
  @documented(docs.metrics)
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    void reply.type(this.#registry.contentType).send(await this.#registry.metrics());
  }
}
