import { Module } from '@nestjs/common';

import { provider } from '../foundation.ts';
import { tokens } from '../http-kit/tokens.ts';
import { ImageSubmits } from './app/image-submits.ts';
import { makeSubmitStore } from './postgres/submits.ts';
import { QuotaController } from './routes/quota.controller.ts';
import { SubmitController } from './routes/submit.controller.ts';
import { TasksController } from './routes/tasks.controller.ts';

/** How often submits that a crash left open, and charges of failed images, are looked for. */
const sweepMs = 5_000;

@Module({
  controllers: [SubmitController, QuotaController, TasksController],
  providers: [
    provider(tokens.quota, [], ({ quota }) => quota),
    provider(tokens.optimizer, [], ({ optimizer }) => optimizer),
    provider(tokens.optimizeAdminToken, [], ({ secrets }) => secrets.optimizeAdminToken),
    provider(ImageSubmits, [], ({ pool, ledgerClient, optimizer, config, logger, background }) => {
      const submits = new ImageSubmits({
        store: makeSubmitStore(pool),
        ledgerClient,
        optimizer,
        answerWaitMs: config.answerWaitMs,
        onReturned: (taskId, accountId) =>
          logger.warn({ taskId, accountId }, 'an image could not be optimised: its charge was given back'),
      });
      background.onStop(() => submits.close());
      background.every(sweepMs, 'charges of failed images are given back', () => submits.returnCharges());
      background.every(sweepMs, 'submits that a crash left open are ended', () => submits.sweep());
      return submits;
    }),
  ],
})
export class OptimizeModule {}
