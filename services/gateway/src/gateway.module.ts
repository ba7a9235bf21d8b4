import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';

import { CreditsModule } from './credits/credits.module.ts';
import { FinanceModule } from './finance/finance.module.ts';
import { FoundationModule } from './foundation.module.ts';
import type { Foundation } from './foundation.ts';
import { LicenceKeysModule } from './licence-keys/licence-keys.module.ts';
import { NativeModule } from './native/native.module.ts';
import { OperationsModule } from './operations/operations.module.ts';
import { OptimizeModule } from './optimize/optimize.module.ts';
import { PeopleAndKeysModule } from './people-and-keys/people-and-keys.module.ts';
import { TierBillingModule } from './tier-billing/tier-billing.module.ts';
import { TokenProcessModule } from './token-process/token-process.module.ts';
import { UsageReportModule } from './usage-report/usage-report.module.ts';

@Module({})
export class GatewayModule {
  static with(foundation: Foundation): DynamicModule {
    return {
      module: GatewayModule,
      imports: [
        FoundationModule.with(foundation),
        PeopleAndKeysModule,
        NativeModule,
        UsageReportModule,
        LicenceKeysModule,
        TokenProcessModule,
        OptimizeModule,
        CreditsModule,
        TierBillingModule,
        FinanceModule,
        OperationsModule.with({ publicDetails: foundation.publicDetails ?? true }),
      ],
    };
  }
}
