// at: services/quota/src/index.ts
// refused by: @nx/enforce-module-boundaries
import { platform } from '@tollgate/platform';

export const start = platform;
