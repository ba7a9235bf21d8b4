import type { Readable } from 'node:stream';

import type { BusboyFileStream, BusboyInstance } from '@fastify/busboy';
import { Busboy } from '@fastify/busboy';
import { imageBytesMax } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

export type Form<T> = {
  readonly fields: Readonly<Record<string, string>>;
  /** The result of the field `file`. A refused file is answered after the credentials were checked. */
  readonly file: { readonly name: string; readonly taken: PromiseSettledResult<T> } | null;
};

/** Limits of a form's other fields. */
const limits = {
  fieldNameSize: 100,
  fieldSize: 8_192,
  fields: 20,
  files: 5,
  parts: 25,
  headerPairs: 50,
  headerSize: 16_384,
};
/** Maximum of bytes read of a body: the file and the rest of the form. */
const bytesMax = imageBytesMax + 4 * 1_048_576;
const tooLarge = (): AppError => new AppError('invalid', 'FILE_TOO_LARGE', 'The file is larger than 20 MB');
const malformed = (why: string): AppError =>
  new AppError('invalid', 'VALIDATION_FAILED', `The form cannot be read: ${why}`);

export const isMultipart = (request: FastifyRequest): boolean =>
  /^multipart\/form-data\s*(;|$)/i.test(request.headers['content-type'] ?? '');

/**
 * Reads a multipart body to its end. The bytes of `file` are streamed to `take`; the stream fails if the form breaks
 * off or the file is too large. Other files are skipped.
 * @throws AppError('invalid', VALIDATION_FAILED) for a form that cannot be parsed.
 */
export async function readForm<T>(
  request: FastifyRequest,
  take: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<Form<T>> {
  const busboy = open(request);
  const fields: Record<string, string> = {};
  const files: { name: string; stream: BusboyFileStream; taken: Promise<PromiseSettledResult<T>> }[] = [];
  let fault: string | null = null;
  for (const event of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const)
    busboy.on(event, () => (fault = 'it has too many parts'));
  busboy.on('field', (name, value, nameCut, valueCut) => {
    if (nameCut || valueCut) fault = 'a field is too long';
    else if (name !== undefined) fields[name] = value;
  });
  busboy.on('file', (field, stream, name) => {
    // Stream errors are reported through the form.
    stream.on('error', () => undefined);
    if (field !== 'file') return void stream.resume();
    if (files.length > 0) {
      fault = 'it has more than one file';
      return void stream.resume();
    }
    const taken = settled(take(bounded(stream))).then((result) => {
      stream.resume();
      return result;
    });
    files.push({ name, stream, taken });
  });
  const broken = await piped(request.raw, busboy);
  if (broken !== null) {
    for (const { stream } of files) stream.destroy(broken);
    // The rest is read and discarded, so that the sender receives the answer.
    request.raw.resume();
  }
  const [file] = files;
  const taken = await file?.taken;
  if (broken !== null) throw broken;
  if (fault !== null) throw malformed(fault);
  return { fields, file: file === undefined || taken === undefined ? null : { name: file.name, taken } };
}

/**
 * Resolves when the form was read to its end, or with its fault. The request is never destroyed, because it will be
 * answered.
 */
function piped(request: Readable & { readonly complete: boolean }, busboy: BusboyInstance): Promise<AppError | null> {
  return new Promise((resolve) => {
    let bytes = 0;
    const end = (broken: AppError | null): void => {
      request.unpipe(busboy);
      resolve(broken);
    };
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) end(tooLarge());
    });
    busboy.once('finish', () => end(null));
    busboy.on('error', () => end(malformed('it is not valid multipart/form-data')));
    for (const event of ['aborted', 'error', 'close'])
      request.once(event, () => (request.complete ? undefined : end(malformed('the upload broke off'))));
    request.pipe(busboy);
  });
}

function open(request: FastifyRequest): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
      limits,
    });
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : 'unknown reason');
  }
}

const settled = async <T>(running: Promise<T>): Promise<PromiseSettledResult<T>> =>
  (await Promise.allSettled([running]))[0];

/** @throws AppError('invalid', FILE_TOO_LARGE) at the first byte too many. */
async function* bounded(stream: Readable): AsyncGenerator<Uint8Array> {
  let size = 0;
  // Not destroyed when the reader stops early: the form continues after the file.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > imageBytesMax) throw tooLarge();
    yield chunk;
  }
}
