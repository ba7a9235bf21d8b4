import 'reflect-metadata';

import { Controller, type DynamicModule, Get, Header, Module, Res, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

import type { HealthReport } from './health.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { nestLogger } from './nest-logger.ts';

export type HealthServer = { readonly port: number; close(): Promise<void> };
type Reply = { status(code: number): { send(body: unknown): unknown } };

/** `/health/live`, `/health/ready` and `/metrics` of a service that has no other HTTP (running.md §3). */
export async function startHealthServer(options: {
  readonly host: string;
  readonly port: number;
  readonly health: () => Promise<HealthReport>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}): Promise<HealthServer> {
  const adapter = new FastifyAdapter({ forceCloseConnections: true });
  const app = await NestFactory.create<NestFastifyApplication>(healthModule(options), adapter, {
    logger: nestLogger(options.logger),
    abortOnError: false,
  });
  await app.listen({ host: options.host, port: options.port });
  const address = app.getHttpServer().address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => app.close(),
  };
}

class HealthModule {}
Module({})(HealthModule);

function healthModule(options: {
  readonly health: () => Promise<HealthReport>;
  readonly metrics: Metrics;
}): DynamicModule {
  return { module: HealthModule, controllers: [healthController(options)] };
}

function healthController({
  health,
  metrics,
}: {
  readonly health: () => Promise<HealthReport>;
  readonly metrics: Metrics;
}): Type {
  @Controller()
  class HealthController {
    @Get('health/live')
    live(): { readonly live: true } {
      return { live: true };
    }

    @Get('health/ready')
    async ready(@Res() reply: Reply): Promise<void> {
      const report = await health();
      reply.status(report.ready ? 200 : 503).send(report);
    }

    @Get('metrics')
    @Header('content-type', metrics.contentType)
    metrics(): Promise<string> {
      return metrics.metrics();
    }
  }
  return HealthController;
}
