import pg from 'pg';

import { CommitError } from '../ports.ts';

/** Classifies an error of a commit. */
export function failureOf(error: unknown): CommitError {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined)
    return new CommitError({ why: 'unknown', detail: String(error) }, error);
  const { code, constraint } = error;
  if (code === '22012') return new CommitError({ why: 'fenced' }, error);
  if (code === '23505' && constraint === 'entries_request_once') {
    const partition = /=\((\d+),/.exec(error.detail ?? '')?.[1];
    return new CommitError({ why: 'duplicate', partition: partition === undefined ? null : Number(partition) }, error);
  }
  // Data exceptions, violated constraints and exceeded limits (an index row too long) are about a row; everything else
  // (deadlock, shutdown, disk) is about the server.
  if (/^(22|23|54)/.test(code))
    return new CommitError({ why: 'unstorable', detail: `${code} ${error.message}` }, error);
  return new CommitError({ why: 'unknown', detail: `${code} ${error.message}` }, error);
}
