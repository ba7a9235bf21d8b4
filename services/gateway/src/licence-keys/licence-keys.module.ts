import { Module } from '@nestjs/common';
import { wallClock } from '@tollgate/kernel';

import { provider } from '../foundation.ts';
import { PeopleAndKeysModule } from '../people-and-keys/people-and-keys.module.ts';
import { GuessLimit } from './app/guess-limit.ts';
import { LicenceKeys } from './app/licence-keys.ts';
import { makeLicenceKeyStore } from './postgres/licence-keys.ts';
import { LicenceKeysAdminController } from './routes/admin.controller.ts';
import { LicenceController, LicenceUsageController } from './routes/licence.controller.ts';
import { LicenceReportController } from './routes/report.controller.ts';
import { UseTokenController } from './routes/use-token.controller.ts';
import { UserController } from './routes/user.controller.ts';

@Module({
  imports: [PeopleAndKeysModule],
  controllers: [
    UserController,
    UseTokenController,
    LicenceReportController,
    LicenceController,
    LicenceUsageController,
    LicenceKeysAdminController,
  ],
  providers: [
    provider(
      LicenceKeys,
      [],
      ({ entities, ledgerClient, ledger }) =>
        new LicenceKeys({ store: makeLicenceKeyStore(entities), ledgerClient, ledger }),
    ),
    { provide: GuessLimit, useFactory: () => new GuessLimit(wallClock) },
  ],
})
export class LicenceKeysModule {}
