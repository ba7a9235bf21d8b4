import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A request that has to reach the platform, whatever happens in between. `id` is its Idempotency-Key. */
export type SpooledRequest = {
  readonly id: string;
  readonly path: string;
  readonly body: unknown;
  readonly contentType?: string | undefined;
};

export type SpoolBounds = {
  /** Requests kept at most. Default 100,000. */
  readonly entriesMax?: number | undefined;
  /** Bytes kept at most. Default 256 MiB. */
  readonly bytesMax?: number | undefined;
};

/** The spool is full or its folder cannot be written: the request was not kept. */
export class SpoolError extends Error {
  override readonly name = 'SpoolError';
}

const refusedFolder = 'refused';
const damagedFolder = 'damaged';
const entriesMaxDefault = 100_000;
const bytesMaxDefault = 256 * 1024 * 1024;
/** Writing takes milliseconds. */
const unfinishedMs = 3_600_000;

/**
 * Requests on disk, a file each: written beside, synced, renamed, and the folder synced, so a file is whole or not
 * there, also after a crash or a loss of power. Its first line is the SHA-256 of the rest: what was damaged since is
 * set aside and never sent. Several processes may share a folder; a request that two of them send is booked once, by
 * its key.
 */
export class SpoolFolder {
  readonly path: string;
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  readonly #onDamage: (name: string) => void;
  readonly #sizes = new Map<string, number>();
  #bytes = 0;
  #opened: Promise<void> | undefined;
  #sequence = 0;

  constructor(path: string, bounds: SpoolBounds = {}, onDamage: (name: string) => void = () => undefined) {
    this.path = path;
    this.#entriesMax = bounds.entriesMax ?? entriesMaxDefault;
    this.#bytesMax = bounds.bytesMax ?? bytesMaxDefault;
    this.#onDamage = onDamage;
  }

  get size(): number {
    return this.#sizes.size;
  }

  /** Keeps the request for good; resolves with its name once it is on disk. @throws SpoolError when it is not kept. */
  async put(request: SpooledRequest): Promise<string> {
    await this.open();
    const text = JSON.stringify(request);
    const content = `${sumOf(text)}\n${text}\n`;
    const bytes = Buffer.byteLength(content);
    if (this.#sizes.size >= this.#entriesMax || this.#bytes + bytes > this.#bytesMax) {
      throw new SpoolError(`the spool ${this.path} is full: ${this.#sizes.size} requests, ${this.#bytes} bytes`);
    }
    const name = this.#nameOf(request.id);
    this.#count(name, bytes);
    try {
      await this.#write(name, content);
    } catch (error) {
      this.#discount(name);
      throw new SpoolError(`the spool ${this.path} cannot be written: ${String(error)}`, { cause: error });
    }
    return name;
  }

  /** Names of all that wait, oldest first; finds what other processes and earlier runs left. */
  async names(): Promise<readonly string[]> {
    await this.open();
    const found = (await readdir(this.path)).filter((name) => name.endsWith('.json')).sort();
    const known = new Set(found);
    for (const name of [...this.#sizes.keys()]) if (!known.has(name)) this.#discount(name);
    for (const name of found) if (!this.#sizes.has(name)) this.#count(name, await sizeOf(join(this.path, name)));
    return found;
  }

  /** The request of that name; null when it is gone, or damaged and set aside. */
  async read(name: string): Promise<SpooledRequest | null> {
    let content: string;
    try {
      content = await readFile(join(this.path, name), 'utf8');
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#discount(name);
      return null;
    }
    const lineEnd = content.indexOf('\n');
    const text = content.slice(lineEnd + 1, -1);
    if (lineEnd === 64 && content.endsWith('\n') && sumOf(text) === content.slice(0, 64))
      return JSON.parse(text) as SpooledRequest;
    await this.#setAside(name, damagedFolder);
    this.#onDamage(name);
    return null;
  }

  /** It was delivered. */
  async remove(name: string): Promise<void> {
    await rm(join(this.path, name), { force: true });
    this.#discount(name);
  }

  /** The platform will never take it: kept in `refused/` beside the reason, for people to look at. */
  async refuse(name: string, reason: string): Promise<void> {
    await this.#setAside(name, refusedFolder);
    await writeDurably(join(this.path, refusedFolder), `${name}.reason`, `${reason}\n`);
  }

  /** What was refused waits again, as after the account was opened or the key was given its scope. Answers how many. */
  async retryRefused(): Promise<number> {
    await this.open();
    const folder = join(this.path, refusedFolder);
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
    for (const name of names) {
      await rename(join(folder, name), join(this.path, name));
      await rm(join(folder, `${name}.reason`), { force: true });
    }
    await this.names();
    return names.length;
  }

  open(): Promise<void> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = undefined;
      throw new SpoolError(`the spool ${this.path} cannot be opened: ${String(error)}`, { cause: error });
    });
    return this.#opened;
  }

  async #open(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.path)) {
      if (name.endsWith('.json')) this.#count(name, await sizeOf(join(this.path, name)));
      else if (name.endsWith('.unfinished')) await removeOld(join(this.path, name));
    }
  }

  async #write(name: string, content: string): Promise<void> {
    await writeDurably(this.path, name, content);
  }

  async #setAside(name: string, folder: string): Promise<void> {
    await mkdir(join(this.path, folder), { recursive: true, mode: 0o700 });
    await rename(join(this.path, name), join(this.path, folder, name)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    this.#discount(name);
  }

  /** Sorts by time, and within a millisecond by the order of the calls. */
  #nameOf(id: string): string {
    const time = Date.now().toString(36).padStart(9, '0');
    const order = (this.#sequence++ % 46_656).toString(36).padStart(3, '0');
    return `${time}-${order}-${process.pid.toString(36)}-${sumOf(id).slice(0, 16)}.json`;
  }

  #count(name: string, bytes: number): void {
    this.#discount(name);
    this.#sizes.set(name, bytes);
    this.#bytes += bytes;
  }

  #discount(name: string): void {
    this.#bytes -= this.#sizes.get(name) ?? 0;
    this.#sizes.delete(name);
  }
}

const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex');

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

/** A file that a crash left half-written. Younger ones may be being written by another process. */
async function removeOld(path: string): Promise<void> {
  const about = await stat(path).catch(() => null);
  if (about !== null && Date.now() - about.mtimeMs > unfinishedMs) await rm(path, { force: true });
}

/** A name without `.json` until it is whole: a crash leaves a file that nobody reads. */
async function writeDurably(folder: string, name: string, content: string): Promise<void> {
  const unfinished = join(folder, `${name}.unfinished`);
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, join(folder, name));
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
