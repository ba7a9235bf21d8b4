import { Module } from '@nestjs/common';

import { BookingModule } from '../booking/booking.module.ts';
import { SealingModule } from '../sealing/sealing.module.ts';
import { PublishingService } from './publishing.service.ts';

@Module({ imports: [BookingModule, SealingModule], providers: [PublishingService], exports: [PublishingService] })
export class PublishingModule {}
