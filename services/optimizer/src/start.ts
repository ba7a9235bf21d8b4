import { NestFactory } from '@nestjs/core';
import type { Optimizer } from '@tollgate/contracts';
import { type HealthReport, nestLogger } from '@tollgate/service-kit';

import { OptimizerModule, type OptimizerOptions, OptimizerService } from './optimizer.module.ts';

export type RunningOptimizer = {
  readonly optimizer: Optimizer;
  health(): Promise<HealthReport>;
  stop(): Promise<void>;
};

/** Starts the optimizer in this process and resumes pending tasks. */
export async function startOptimizer(options: OptimizerOptions): Promise<RunningOptimizer> {
  const app = await NestFactory.createApplicationContext(await OptimizerModule.with(options), {
    logger: nestLogger(options.logger),
    abortOnError: false,
  });
  const service = app.get(OptimizerService);
  try {
    await service.start();
  } catch (error) {
    await app.close();
    throw error;
  }
  return { optimizer: service.optimizer, health: () => service.health(), stop: () => app.close() };
}
