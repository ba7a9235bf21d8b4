import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { topics } from '@tollgate/contracts';
import { RecordContext } from '@tollgate/messaging';

import { Charging } from '../app/charging.ts';
import { crossingIn } from './tier-crossed.ts';

/**
 * Delivered at least once and ordered per account; repeating a delivery is a no-op. The server runs it through a
 * `ConsumerRunner`.
 */
@Controller()
export class TierCrossingsConsumer {
  readonly #charging: Charging;

  constructor(@Inject(Charging) charging: Charging) {
    this.#charging = charging;
  }

  @EventPattern<string>(topics.tierCrossings)
  async onTierCrossing(@Payload() _raw: unknown, @Ctx() ctx: RecordContext): Promise<void> {
    await this.#charging.openCharge(crossingIn(ctx.json()));
  }
}
