import { Module } from '@nestjs/common';

import { AfterCommit } from './after-commit.ts';
import { BookingService } from './booking.service.ts';

@Module({ providers: [AfterCommit, BookingService], exports: [AfterCommit, BookingService] })
export class BookingModule {}
