import type { ImageFormat } from '@tollgate/contracts';

import { formatOf } from './image.ts';

/** Properties from an image's first bytes; nothing is decoded. */
export type ImageHeader = {
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  /** Bits of one channel. */
  readonly depth: number;
  readonly alpha: boolean;
  /**
   * The decoder needs the whole image in memory before the first row is complete (interlaced formats, for instance).
   */
  readonly interlaced: boolean;
};

/** Bytes of a file from an offset; shorter at its end. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

const headBytes = 32;
/** A JPEG has a handful of segments before its frame: Exif, colour profile, previews. */
const segmentsMax = 2_000;

/** null: not an image of a supported format, or the header is incomplete. */
export async function readHeader(read: ReadAt): Promise<ImageHeader | null> {
  const head = Buffer.from(await read(0, headBytes));
  const format = formatOf(head);
  switch (format) {
    case 'png':
      return head.length < 29 || head.toString('latin1', 12, 16) !== 'IHDR' ? null : pngHeader(head);
    case 'gif':
      return head.length < 10 ? null : whole('gif', { width: head.readUInt16LE(6), height: head.readUInt16LE(8) });
    case 'webp':
      return head.length < 30 ? null : webpHeader(head);
    case 'jpeg':
      return jpegHeader(read);
    default:
      return null;
  }
}

type Size = { readonly width: number; readonly height: number };
/** WebP and GIF are decoded in four channels, a whole frame at a time, whatever they hold. */
const whole = (format: ImageFormat, size: Size): ImageHeader => ({
  format,
  ...size,
  depth: 8,
  alpha: true,
  interlaced: true,
});

function pngHeader(head: Buffer): ImageHeader {
  const colour = head[25] ?? 0;
  return {
    format: 'png',
    width: head.readUInt32BE(16),
    height: head.readUInt32BE(20),
    depth: head[24] ?? 8,
    interlaced: (head[28] ?? 0) !== 0,
    // Grey or colour with alpha; a palette may have transparent colours.
    alpha: colour === 4 || colour === 6 || colour === 3,
  };
}

function webpHeader(head: Buffer): ImageHeader | null {
  switch (head.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return whole('webp', { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff });
    case 'VP8L': {
      const bits = head.readUInt32LE(21);
      return whole('webp', { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 });
    }
    case 'VP8X':
      return whole('webp', { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 });
    default:
      return null;
  }
}

const startOfScan = 0xda;
const endOfImage = 0xd9;
/** Frames, but for the tables that share their range. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const isProgressive = (marker: number): boolean => [0xc2, 0xc6, 0xca, 0xce].includes(marker);

/** Walks the markers up to the frame. */
async function jpegHeader(read: ReadAt): Promise<ImageHeader | null> {
  let offset = 2;
  for (let segment = 0; segment < segmentsMax; segment++) {
    const bytes = Buffer.from(await read(offset, 10));
    if (bytes.length < 10 || bytes[0] !== 0xff) return null;
    const marker = bytes[1] ?? 0;
    if (marker === 0xff) {
      offset += 1;
      continue;
    }
    if (marker === startOfScan || marker === endOfImage) return null;
    if (isFrame(marker)) {
      return {
        format: 'jpeg',
        depth: bytes[4] ?? 8,
        height: bytes.readUInt16BE(5),
        width: bytes.readUInt16BE(7),
        alpha: (bytes[9] ?? 3) > 3,
        interlaced: isProgressive(marker),
      };
    }
    const length = bytes.readUInt16BE(2);
    if (length < 2) return null;
    offset += 2 + length;
  }
  return null;
}
