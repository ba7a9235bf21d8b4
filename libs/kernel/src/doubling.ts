/** How long to wait before the next try after `failures` of them (0: the first wait): doubling, up to a bound. */
export const doublingMs = (
  { firstMs, maxMs }: { readonly firstMs: number; readonly maxMs: number },
  failures: number,
): number => Math.min(firstMs * 2 ** Math.min(failures, 30), maxMs);
