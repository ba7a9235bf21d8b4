import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';

import { provider } from '../foundation.ts';
import { tokens } from '../http-kit/tokens.ts';
import { HealthController, MetricsController } from './routes/health.controller.ts';

/** Health and metrics. `publicDetails`: serves readiness by part and metrics on the public port. */
@Module({})
export class OperationsModule {
  static with({ publicDetails }: { readonly publicDetails: boolean }): DynamicModule {
    return {
      module: OperationsModule,
      controllers: publicDetails ? [HealthController, MetricsController] : [HealthController],
      providers: [
        provider(tokens.readiness, [], ({ readiness }) => readiness),
        provider(tokens.metrics, [], ({ metrics }) => metrics),
        { provide: tokens.publicDetails, useValue: publicDetails },
      ],
    };
  }
}
