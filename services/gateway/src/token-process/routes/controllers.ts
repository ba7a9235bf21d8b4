import type { Type } from '@nestjs/common';

import { resourceController } from './resources.controller.ts';
import { TokenProcessController } from './token-process.controller.ts';
import { UserWalletsController } from './user-wallets.controller.ts';

/** Everything under the prefixes of the token process (surfaces §2). */
export const tokenProcessControllers: readonly Type[] = [
  TokenProcessController,
  UserWalletsController,
  resourceController('features', 'Feature'),
  resourceController('feature-endpoints', 'Feature endpoint'),
  resourceController('packages', 'Package'),
  resourceController('token-profits', 'Token profit'),
];
