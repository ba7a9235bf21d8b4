import type pg from 'pg';

/** What of pg's connection this query uses; the driver's types leave it out. */
type CopyConnection = {
  readonly stream: { cork(): void; uncork(): void };
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
};

/**
 * Several statements and the data of their COPYs in one round trip (rule 8): one simple query is one implicit
 * transaction, and CopyData and CopyDone are sent at once, without waiting for the server to ask. An error in any part
 * rolls all back; what is still on its way then is ignored by the server (PostgreSQL documentation, "Message Flow",
 * COPY).
 */
export class CopyQuery implements pg.Submittable {
  readonly #text: string;
  readonly #copies: readonly Buffer[];
  readonly #done: (error: Error | null) => void;

  constructor(text: string, copies: readonly Buffer[], done: (error: Error | null) => void) {
    this.#text = text;
    this.#copies = copies;
    this.#done = done;
  }

  submit(connection: unknown): void {
    const wire = connection as CopyConnection;
    // In one system call: for a small commit each call costs more than its data.
    wire.stream.cork();
    try {
      wire.query(this.#text);
      for (const copy of this.#copies) {
        wire.sendCopyFromChunk(copy);
        wire.endCopyFrom();
      }
    } finally {
      wire.stream.uncork();
    }
  }

  /** The driver drops a query at its first error, of the server or of the connection. */
  handleError(error: Error): void {
    this.#done(error);
  }

  handleReadyForQuery(): void {
    this.#done(null);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleCommandComplete(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
  handleEmptyQuery(): void {}
}

/**
 * Runs statements with their COPY data as one transaction. @throws pg.DatabaseError, or the error of a lost connection.
 */
export function runCopyQuery(client: pg.ClientBase, text: string, copies: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyQuery(text, copies, (error) => (error ? reject(error) : resolve())));
  });
}
