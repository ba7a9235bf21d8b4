import { expect, it } from '@jest/globals';

import { readHeader } from './header.ts';
import { decodeFault } from './image.ts';

const of = (file: Buffer): ReturnType<typeof readHeader> =>
  readHeader(async (offset, length) => file.subarray(offset, offset + length));

function pngHead({
  width,
  height,
  depth = 8,
  colour = 2,
  interlace = 0,
}: {
  width: number;
  height: number;
  depth?: number;
  colour?: number;
  interlace?: number;
}): Buffer {
  const head = Buffer.alloc(33);
  head.write('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1');
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  head.set([depth, colour, 0, 0, interlace], 24);
  return head;
}
const segment = (marker: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 0xff]), body]);
const frame = (marker: number): Buffer => segment(marker, Buffer.from([8, 0x17, 0x70, 0x1f, 0x40, 3, 0, 0, 0]));

it('reads size, depth and passes of a PNG', async () => {
  expect(await of(pngHead({ width: 10_000, height: 7_000, depth: 16, colour: 6, interlace: 1 }))).toEqual({
    format: 'png',
    width: 10_000,
    height: 7_000,
    depth: 16,
    alpha: true,
    interlaced: true,
  });
  expect(await of(pngHead({ width: 1, height: 2 }))).toMatchObject({
    width: 1,
    height: 2,
    depth: 8,
    alpha: false,
    interlaced: false,
  });
  expect(await of(pngHead({ width: 1, height: 2 }).subarray(0, 20))).toBeNull();
});

it('finds the frame of a JPEG behind whatever stands before it', async () => {
  const before = [
    Buffer.from([0xff, 0xd8]),
    segment(0xe1, Buffer.alloc(60_000)),
    segment(0xe2, Buffer.alloc(65_533)),
    Buffer.from([0xff]),
    segment(0xdb, Buffer.alloc(65)),
  ];
  expect(await of(Buffer.concat([...before, frame(0xc0), Buffer.alloc(9)]))).toEqual({
    format: 'jpeg',
    width: 8_000,
    height: 6_000,
    depth: 8,
    alpha: false,
    interlaced: false,
  });
  expect(
    await of(Buffer.concat([...before, segment(0xc4, Buffer.alloc(20)), frame(0xc2), Buffer.alloc(9)])),
  ).toMatchObject({ interlaced: true });
  for (const broken of [
    Buffer.concat(before),
    Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 8, 0, 0, 0, 0, 0, 0]),
    Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0]),
  ]) {
    expect(await of(broken)).toBeNull();
  }
});

it('reads the three kinds of WebP, and GIF', async () => {
  const riff = (kind: string, rest: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from('RIFF\x10\0\0\0WEBP', 'latin1'),
      Buffer.from(kind, 'latin1'),
      Buffer.alloc(4),
      rest,
      Buffer.alloc(20),
    ]);
  expect(await of(riff('VP8 ', Buffer.from([0, 0, 0, 0x9d, 1, 0x2a, 0x40, 0x1f, 0x70, 0x17])))).toMatchObject({
    format: 'webp',
    width: 8_000,
    height: 6_000,
    alpha: true,
    interlaced: true,
  });
  expect(await of(riff('VP8X', Buffer.from([2, 0, 0, 0, 0x3f, 0x1f, 0, 0x6f, 0x17, 0])))).toMatchObject({
    width: 8_000,
    height: 6_000,
  });
  // 14 bits of width - 1, 14 bits of height - 1, behind the signature 0x2f.
  const bits = Buffer.alloc(4);
  bits.writeUInt32LE((7_999 | (5_999 << 14)) >>> 0);
  expect(await of(riff('VP8L', Buffer.concat([Buffer.from([0x2f]), bits])))).toMatchObject({
    width: 8_000,
    height: 6_000,
  });
  expect(await of(Buffer.from('GIF89a\x40\x1f\x70\x17\0\0', 'latin1'))).toMatchObject({
    format: 'gif',
    width: 8_000,
    height: 6_000,
    interlaced: true,
  });
  expect(await of(Buffer.from('<svg xmlns="x"><rect/></svg>     '))).toBeNull();
});

// 300 MB of pixels as they are worked on: 3 or 4 channels, twice for 16 bits, twice where all passes are held.
it('is told what is too large before anything is decoded', () => {
  const image = { width: 10_000, height: 10_000, depth: 8, alpha: false, interlaced: false };
  expect(decodeFault(image)).toBeNull();
  expect(decodeFault({ ...image, width: 10_001 })).toContain('100 million pixels');
  expect(decodeFault({ ...image, alpha: true })).toContain('300 MB');
  expect(decodeFault({ ...image, alpha: true, height: 7_500 })).toBeNull();
  expect(decodeFault({ ...image, depth: 16 })).toContain('300 MB');
  expect(decodeFault({ ...image, depth: 16, height: 5_000 })).toBeNull();
  expect(decodeFault({ ...image, interlaced: true })).toContain('300 MB');
  expect(decodeFault({ ...image, interlaced: true, height: 5_000 })).toBeNull();
  expect(decodeFault({ ...image, height: 0 })).toContain('no pixels');
});
