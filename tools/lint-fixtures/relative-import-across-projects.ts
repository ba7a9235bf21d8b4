// at: services/quota/src/index.ts
// refused by: @nx/enforce-module-boundaries
import { wallClock } from '../../../libs/kernel/src/index.ts';

export const clock = wallClock;
