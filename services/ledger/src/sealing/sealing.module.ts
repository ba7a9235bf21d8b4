import { Module } from '@nestjs/common';

import { BookingModule } from '../booking/booking.module.ts';
import { SealingService } from './sealing.service.ts';

@Module({ imports: [BookingModule], providers: [SealingService], exports: [SealingService] })
export class SealingModule {}
