import type { HoldView } from '@tollgate/contracts';

import type { HoldId } from './request/ids.ts';
import type { Targets } from './target.ts';

/** How ended holds ended, for a request that ends one again. */
export type EndedHolds = (id: HoldId) => HoldView | undefined;
/** What is known of the past beyond the accounts themselves; looked up before deciding, never during it. */
export type Past = { readonly targets: Targets; readonly endedHolds: EndedHolds };
