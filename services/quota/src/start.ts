import { NestFactory } from '@nestjs/core';
import { nestLogger, type HealthReport } from '@tollgate/service-kit';
import { Quota, QuotaModule, type QuotaOptions } from './quota.module.ts';

export type RunningQuota = { health(): Promise<HealthReport>; stop(): Promise<void> };

/** Starts quota in this process. */
export async function startQuota(options: QuotaOptions): Promise<RunningQuota> {
  const app = await NestFactory.createApplicationContext(QuotaModule.with(options), {
    logger: nestLogger(options.logger),
    abortOnError: false,
  });
  const quota = app.get(Quota);
  return { health: () => quota.health(), stop: () => app.close() };
}
