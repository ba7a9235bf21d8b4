/** Parameters of a request; Stripe's values are strings. */
export type Params = { readonly [name: string]: string | Params };

const depthMax = 10;

/** Stripe's form encoding: `a=1&b[c]=2&d[0][e]=3`. The last of two equal names wins. */
export function parseForm(text: string): Params {
  const root: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of new URLSearchParams(text)) {
    const path = [...name.matchAll(/[^[\]]+/g)].map(([part]) => part).slice(0, depthMax);
    let at = root;
    for (const part of path.slice(0, -1)) {
      const inner = at[part];
      if (typeof inner === 'object' && inner !== null) at = inner as Record<string, unknown>;
      else at = at[part] = Object.create(null) as Record<string, unknown>;
    }
    const last = path.at(-1);
    if (last !== undefined) at[last] = value;
  }
  return root as Params;
}

export function textOf(params: Params | undefined, name: string): string | undefined {
  const value = params?.[name];
  return typeof value === 'string' ? value : undefined;
}

export function groupOf(params: Params | undefined, name: string): Params | undefined {
  const value = params?.[name];
  return typeof value === 'object' ? value : undefined;
}

/** `d[0]`, `d[1]`, … in order. */
export const listOf = (params: Params, name: string): readonly Params[] =>
  Object.values(groupOf(params, name) ?? {}).filter((each): each is Params => typeof each === 'object');

/** Metadata as Stripe keeps it: texts; an empty one removes its key. */
export const metadataOf = (params: Params): Record<string, string> =>
  Object.fromEntries(
    Object.entries(groupOf(params, 'metadata') ?? {}).filter(
      (each): each is [string, string] => typeof each[1] === 'string' && each[1] !== '',
    ),
  );
