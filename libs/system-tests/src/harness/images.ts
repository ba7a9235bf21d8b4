import { crc32, deflateSync } from 'node:zlib';

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A PNG of `width` × `height` grey pixels, written here so that nothing but the platform decides what is an image. */
export function png({
  width = 64,
  height = 64,
  shade = 0x80,
}: { width?: number; height?: number; shade?: number } = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const row = Buffer.alloc(width + 1, shade);
  row[0] = 0;
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The same, `bytes` long: an ancillary chunk fills it up. */
export function pngOf(bytes: number): Buffer {
  const plain = png();
  const end = plain.length - 12;
  return Buffer.concat([
    plain.subarray(0, end),
    chunk('zzzz', Buffer.alloc(bytes - plain.length - 12, 7)),
    plain.subarray(end),
  ]);
}

/** A header that promises 60,000 × 60,000 pixels, and a few bytes. */
export function bomb(): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(60_000, 0);
  header.writeUInt32BE(60_000, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(100_000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A GIF of two frames, one black and one white pixel, 100 ms each. */
export const animatedGif = (): Buffer =>
  Buffer.from(
    '47494638396101000100800000000000ffffff' +
      '21ff0b4e45545343415045322e300301000000' +
      '21f904000a000000' +
      '2c00000000010001000002024401' +
      '00' +
      '21f904000a000000' +
      '2c0000000001000100000202' +
      '4c01' +
      '00' +
      '3b',
    'hex',
  );
