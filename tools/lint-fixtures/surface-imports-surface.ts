// at: services/gateway/src/credits/routes/usage.controller.ts
// refused by: @typescript-eslint/no-restricted-imports
import { shown } from '../../licence-keys/routes/shapes.ts';

export const kept = shown;
