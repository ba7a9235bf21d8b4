import { Module } from '@nestjs/common';

import { PeopleAndKeysModule } from '../people-and-keys/people-and-keys.module.ts';
import { UsageReportController } from './routes/usage-report.controller.ts';

@Module({ imports: [PeopleAndKeysModule], controllers: [UsageReportController] })
export class UsageReportModule {}
