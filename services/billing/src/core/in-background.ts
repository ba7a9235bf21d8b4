import type { Provider } from '@nestjs/common';
import { type Keys, type Loop, provided, type Resolved, token } from '@tollgate/service-kit';

import { type BillingWork, CORE } from './core.ts';

/** Registers a background loop. `starterOf` answers null where this process does not run it. */
export function inBackground<const K extends Keys>(
  name: BillingWork,
  inject: K,
  starterOf: (...values: Resolved<K>) => (() => Loop) | null,
  options: { readonly stopLast?: boolean } = {},
): Provider[] {
  const starter = token<(() => Loop) | null>(`start.${name}`);
  return [
    provided(starter, inject, starterOf),
    provided(token<null>(`work.${name}`), [CORE.work, starter], (work, start) => {
      if (start !== null) work.add(name, start, options);
      return null;
    }),
  ];
}
