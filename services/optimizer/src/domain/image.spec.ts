import { expect, it } from '@jest/globals';

import { formatOf, isTaskId, sizeFault } from './image.ts';

it('tells formats by their first bytes and nothing else', () => {
  const heads = [
    '\xff\xd8\xff\xe0',
    '\x89PNG\r\n\x1a\n',
    'RIFF\x10\0\0\0WEBP',
    'GIF89a',
    'GIF87a',
    '<svg xmlns=',
    'RIFF\x10\0\0\0WAVE',
    'GIF90a',
    'BM',
    '',
  ];
  expect(heads.map((head) => formatOf(Buffer.from(head, 'latin1')))).toEqual([
    'jpeg',
    'png',
    'webp',
    'gif',
    'gif',
    null,
    null,
    null,
    null,
    null,
  ]);
});

it('takes exactly the pixels it says, of all frames together', () => {
  expect(sizeFault({ width: 10_000, height: 10_000, frames: 1 })).toBeNull();
  expect(sizeFault({ width: 10_001, height: 10_000, frames: 1 })).toContain('100 million');
  expect(sizeFault({ width: 1_000, height: 1_000, frames: 50 })).toBeNull();
  expect(sizeFault({ width: 1_000, height: 1_000, frames: 51 })).toContain('50 million');
});

it('makes a file name of nothing but a UUID', () => {
  expect(isTaskId('78d00651-ae7a-4f68-a97c-c89a6cbab355')).toBe(true);
  for (const id of [
    '..',
    '../x',
    '78D00651-AE7A-4F68-A97C-C89A6CBAB355',
    '78d00651-ae7a-4f68-a97c-c89a6cbab355/..',
    '',
  ])
    expect(isTaskId(id)).toBe(false);
});
