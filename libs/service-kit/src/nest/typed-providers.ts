import type { FactoryProvider } from '@nestjs/common';

/** Names a value of type T for Nest's injection, where T is no class. */
export type Token<T> = symbol & { readonly names: T };
export const token = <T>(name: string): Token<T> => Symbol(name) as Token<T>;

export type Key<T> = Token<T> | (abstract new (...args: never[]) => T);
export type Keys = readonly Key<unknown>[];
export type Resolved<K extends Keys> = {
  [I in keyof K]: K[I] extends { readonly names: infer T }
    ? T
    : K[I] extends abstract new (...a: never[]) => infer T
      ? T
      : never;
};

/** A provider whose factory the compiler checks against what it is given and what it is to make. */
export const provided = <T, const K extends Keys>(
  key: Key<T>,
  inject: K,
  make: (...values: Resolved<K>) => T | Promise<T>,
): FactoryProvider => ({
  provide: key,
  inject: [...inject],
  useFactory: (...values: unknown[]) => make(...(values as unknown as Resolved<K>)),
});
