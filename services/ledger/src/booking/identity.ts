import type { Identity } from './ports.ts';

/** Separates the parts of an identity: texts in the books never contain NUL (rule 13). */
const between = '\u0000';
export const identityOf = (request: {
  readonly account: string;
  readonly cause: { readonly source: string; readonly id: string };
}): string => `${request.account}${between}${request.cause.source}${between}${request.cause.id}`;

/** The parts that `identityOf` joined. */
export function identityIn(text: string): Identity {
  const [account = '', source = '', id = ''] = text.split(between);
  return { account, source, id };
}
