/** A provider without a class of its own, by the type of what it provides. */
export type Port<T> = symbol & { readonly provides?: T };
export const port = <T>(name: string): Port<T> => Symbol(name);
