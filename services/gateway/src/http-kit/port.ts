/** Injection token of a provider that is not a class, with the type that it provides. */
export type Port<T> = symbol & { readonly provides?: T };
export const port = <T>(name: string): Port<T> => Symbol(name);
