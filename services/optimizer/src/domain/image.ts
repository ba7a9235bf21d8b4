import type { ImageFormat } from '@tollgate/contracts';

/** Maximum of pixels, over all frames of an animation: decompressed they stay within some hundred MB. */
export const pixelsMax = 100_000_000;
export const animationPixelsMax = 50_000_000;

const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));

/** The format by content; null for anything but JPEG, PNG, WebP and GIF. */
export function formatOf(head: Uint8Array): ImageFormat | null {
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpeg';
  if (ascii(head, 0, 8) === '\u0089PNG\r\n\u001a\n') return 'png';
  if (ascii(head, 0, 4) === 'RIFF' && ascii(head, 8, 12) === 'WEBP') return 'webp';
  const start = ascii(head, 0, 6);
  return start === 'GIF87a' || start === 'GIF89a' ? 'gif' : null;
}

export const contentTypeOf = (format: ImageFormat): string => `image/${format}`;

/** Why an image of this size is refused; null if it is not. */
export function sizeFault(image: {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}): string | null {
  const pixels = image.width * image.height * image.frames;
  const max = image.frames > 1 ? animationPixelsMax : pixelsMax;
  return pixels > max ? `the image has more than ${max / 1_000_000} million pixels` : null;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Ids are used as file names, so nothing else is accepted. */
export const isTaskId = (id: string): boolean => uuid.test(id);

/** Maximum bytes of pixels during work. With the libraries' copies it is about three times as much. */
export const decodedBytesMax = 300_000_000;

/** Why an image with such a header is not decoded; null if it is. */
export function decodeFault(image: {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly alpha: boolean;
  readonly interlaced: boolean;
}): string | null {
  const { width, height, depth, alpha, interlaced } = image;
  if (width === 0 || height === 0) return 'the image has no pixels';
  const fault = sizeFault({ width, height, frames: 1 });
  if (fault !== null) return fault;
  const bytes = width * height * (alpha ? 4 : 3) * (depth > 8 ? 2 : 1) * (interlaced ? 2 : 1);
  return bytes > decodedBytesMax
    ? `the image needs more than ${decodedBytesMax / 1_000_000} MB to be decoded: fewer pixels, 8 bits a ` +
        `channel or no interlacing`
    : null;
}
