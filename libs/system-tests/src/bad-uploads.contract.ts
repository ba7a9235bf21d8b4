import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';

import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { OptimizeSubject } from './harness/image-uploads.ts';
import { accountOf, finished, nothingLeft, submit, surface } from './harness/image-uploads.ts';
import { bomb, png, pngOf } from './harness/images.ts';

const boundary = 'boundary-of-the-test';

const part = (head: string, body: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), Buffer.from(body), Buffer.from('\r\n')]);

const filePart = (body: Buffer, name = 'a.png'): Buffer =>
  part(`Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: image/png`, body);

const multipart = `multipart/form-data; boundary=${boundary}`;

const closed = (...parts: Buffer[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]));

export function refusesBadUploads(subject: () => OptimizeSubject): void {
  describe('a bad upload', () => {
    const field = (name: string, value: string): Buffer =>
      part(`Content-Disposition: form-data; name="${name}"`, value);
    const half = png({ width: 300, height: 300 });
    const raw: readonly (readonly [
      what: string,
      body: Uint8Array<ArrayBuffer>,
      status: number,
      code: string,
      contentType?: string,
    ])[] = [
      ['no file', closed(field('quality', '5')), 422, 'VALIDATION_FAILED'],
      ['an empty file', closed(filePart(Buffer.alloc(0))), 422, 'FILE_INVALID'],
      [
        "text under an image's name",
        closed(filePart(Buffer.from('#!/bin/sh\necho no image here'))),
        422,
        'FILE_INVALID',
      ],
      [
        'an SVG',
        closed(filePart(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))),
        422,
        'FILE_INVALID',
      ],
      [
        'the first bytes of a PNG and nothing else',
        closed(filePart(Buffer.from('\x89PNG\r\n\x1a\n plus text', 'latin1'))),
        422,
        'FILE_INVALID',
      ],
      ['an image that ends in the middle', closed(filePart(half.subarray(0, half.length - 60))), 422, 'FILE_INVALID'],
      ['a decompression bomb', closed(filePart(bomb())), 422, 'FILE_INVALID'],
      ['two files', closed(filePart(png()), filePart(png())), 422, 'VALIDATION_FAILED'],
      ...['0', '101', '-1', '1.5', '1e1', 'high', ' 5', '9'.repeat(400)].map(
        (value) =>
          [
            `quality ${value.slice(0, 9)}`,
            closed(filePart(png()), field('quality', value)),
            422,
            'VALIDATION_FAILED',
          ] as const,
      ),
      ['generate_webp maybe', closed(filePart(png()), field('generate_webp', 'maybe')), 422, 'VALIDATION_FAILED'],
      ['a field of 10 kB', closed(filePart(png()), field('quality', 'x'.repeat(10_000))), 422, 'VALIDATION_FAILED'],
      [
        'thirty fields',
        closed(filePart(png()), ...Array.from({ length: 30 }, (_, index) => field(`f${index}`, 'x'))),
        422,
        'VALIDATION_FAILED',
      ],
      [
        'a form that ends in the middle',
        new Uint8Array(filePart(pngOf(50_000)).subarray(0, 30_000)),
        422,
        'VALIDATION_FAILED',
      ],
      ['a form without its end', new Uint8Array(filePart(png())), 422, 'VALIDATION_FAILED'],
      ['no form at all', new Uint8Array(Buffer.from('garbage')), 422, 'VALIDATION_FAILED'],
      ['no boundary', closed(filePart(png())), 422, 'VALIDATION_FAILED', 'multipart/form-data'],
      ['JSON', new Uint8Array(Buffer.from('{"file":"x"}')), 422, 'VALIDATION_FAILED', 'application/json'],
      ['broken JSON', new Uint8Array(Buffer.from('{')), 400, 'BODY_MALFORMED', 'application/json'],
      ['another content type', new Uint8Array(Buffer.from('x')), 415, 'MEDIA_TYPE_UNSUPPORTED', 'text/plain'],
      ['a byte more than 20 MB', closed(filePart(pngOf(20_971_521))), 413, 'FILE_TOO_LARGE'],
      ['40 MB', closed(filePart(pngOf(41_943_040))), 413, 'FILE_TOO_LARGE'],
    ];

    // Guarantee: whatever is uploaded, nothing is booked and nothing stays behind.
    it('is refused with a clear 4xx of the surface, books nothing and leaves no file', async () => {
      const { platform, provider } = subject();
      const { anybody, server } = platform;
      const token = `bad-${randomUUID()}`;
      provider.gives(token, 1000);
      const client = anybody.with({ 'x-token': token });
      expect((await submit(anybody, token)).status).toBe(202);
      const { body: before } = await server.get(`/v1/accounts/${encodeURIComponent(accountOf(token))}`);
      expect(before).toMatchObject({ used: '1024' });
      const stranger = `bad-${randomUUID()}`;
      provider.gives(stranger, 1000);

      const answers: unknown[] = [];
      for (const [what, body, , , contentType = multipart] of raw) {
        const reply = await client.raw(`${surface}/submit`, body, { 'content-type': contentType });
        answers.push([what, reply.status, reply.body]);
      }
      expect(answers).toEqual(
        raw.map(([what, , status, code]) => [what, status, { success: false, error: expect.any(String), code }]),
      );

      expect((await server.get(`/v1/accounts/${encodeURIComponent(accountOf(token))}`)).body).toEqual(before);
      // One who never paid for an image has no account either.
      for (const [, body, status, , contentType = multipart] of raw.slice(0, 8)) {
        expect(
          (await anybody.with({ 'x-token': stranger }).raw(`${surface}/submit`, body, { 'content-type': contentType }))
            .status,
        ).toBe(status);
      }
      expect((await server.get(`/v1/accounts/${encodeURIComponent(accountOf(stranger))}`)).status).toBe(404);
      await nothingLeft(subject());
      expect((await anybody.get('/health/ready')).status).toBe(200);
    });

    it('that breaks off with its connection leaves nothing behind', async () => {
      const { platform, provider, files } = subject();
      const { anybody } = platform;
      provider.gives('breaks-off', 100);
      const before = await files();
      await new Promise<void>((resolve) => {
        const sending = httpRequest(`${anybody.url}${surface}/submit`, {
          method: 'POST',
          headers: { 'x-token': 'breaks-off', 'content-type': multipart },
        });
        sending.on('error', () => resolve());
        sending.write(filePart(pngOf(3_000_000)).subarray(0, 1_000_000));
        void waitFor('the file to arrive', async () => (await files()).some((name) => !before.includes(name))).finally(
          () => sending.destroy(new Error('gone')),
        );
      });
      await nothingLeft(subject());
      expect((await anybody.with({ 'x-token': 'breaks-off' }).get(`${surface}/quota`)).body).toMatchObject({
        data: { used_mb: 0 },
      });
    });

    it('is told from a good one of exactly 20 MB, whose name is no path', async () => {
      const {
        platform: { anybody },
        provider,
      } = subject();
      provider.gives('exactly', 100);
      const { status, body } = await submit(anybody, 'exactly', {
        file: pngOf(20_971_520),
        name: '../../../etc/passwd',
      });
      expect([status, body.data.original_file]).toEqual([202, { name: 'passwd', size: 20_971_520 }]);
      expect(await finished(anybody.with({ 'x-token': 'exactly' }), body.data.task_id)).toMatchObject({
        status: 'completed',
      });
    });

    it("without a token is asked for one; unknown paths and methods answer in the surface's own words", async () => {
      const {
        platform: { anybody },
      } = subject();
      const required = { success: false, error: expect.any(String), code: 'TOKEN_REQUIRED' };
      expect(await submit(anybody, null)).toMatchObject({ status: 401, body: required });
      for (const path of [
        'quota',
        `status/${randomUUID()}`,
        `download/${randomUUID()}`,
        `download/${randomUUID()}/webp`,
        'quota?token=',
      ]) {
        expect(await anybody.get(`${surface}/${path}`)).toMatchObject({ status: 401, body: required });
      }
      expect(await anybody.post(`${surface}/refresh-quota`)).toMatchObject({ status: 401, body: required });
      expect(await anybody.post(`${surface}/refresh-quota`, { token: 7 })).toMatchObject({
        status: 422,
        body: { code: 'VALIDATION_FAILED' },
      });
      expect(await anybody.get(`${surface}/nothing`)).toMatchObject({
        status: 404,
        body: { success: false, code: 'ROUTE_UNKNOWN' },
      });
      expect(await anybody.post(`${surface}/quota`)).toMatchObject({
        status: 405,
        body: { success: false, code: 'METHOD_NOT_ALLOWED' },
      });
    });
  });
}
