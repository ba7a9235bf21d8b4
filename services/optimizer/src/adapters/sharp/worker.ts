import { writeFileSync } from 'node:fs';

import type { Sharp, SharpOptions } from 'sharp';
import sharp from 'sharp';

import { pixelsMax, sizeFault } from '../../domain/image.ts';
import type { Work, WorkResult } from './work.ts';

/**
 * A worker process: one image at a time, nothing kept in between. It holds no secret, and the kernel ends it first when
 * memory is short. Only the four named loaders can read a file.
 */
firstToGo();
sharp.cache(false);
sharp.concurrency(1);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegFile',
    'VipsForeignLoadPngFile',
    'VipsForeignLoadWebpFile',
    'VipsForeignLoadNsgifFile',
  ],
});

const timeoutS = 60;
const options: SharpOptions = { limitInputPixels: pixelsMax, failOn: 'error', sequentialRead: true };
const broken = 'The file is not a complete image';
const mayMove = (format: string): boolean => format === 'gif' || format === 'webp';

/** Decodes every pixel once, so that a truncated file is detected before it is charged. */
async function inspect({ path, format }: Extract<Work, { type: 'inspect' }>): Promise<WorkResult> {
  const about = await sharp(path, options).metadata();
  const frames = about.pages ?? 1;
  if (about.format !== format) return { done: false, fault: 'The file is not a JPEG, PNG, WebP or GIF image' };
  const fault = sizeFault({ width: about.width, height: about.pageHeight ?? about.height, frames });
  if (fault !== null) return { done: false, fault };
  await sharp(path, { ...options, animated: mayMove(format) })
    .resize(16, 16, { fit: 'fill' })
    .timeout({ seconds: timeoutS })
    .raw()
    .toBuffer();
  return { done: true, size: 0, webpSize: null };
}

async function optimize(work: Extract<Work, { type: 'optimize' }>): Promise<WorkResult> {
  const { format, quality, from, to, toWebp } = work;
  const source = (): Sharp => {
    const image = sharp(from, { ...options, animated: mayMove(format) }).timeout({ seconds: timeoutS });
    return mayMove(format) ? image : image.autoOrient();
  };
  const { size } = await encoded(source(), format, quality).toFile(to);
  const webpSize = work.webp
    ? await source()
        .webp({ quality, effort: 4 })
        .toFile(toWebp)
        .then(
          (written) => written.size,
          () => null,
        )
    : null;
  return { done: true, size, webpSize };
}

function encoded(image: Sharp, format: string, quality: number): Sharp {
  switch (format) {
    case 'jpeg':
      return image.jpeg({ quality, mozjpeg: true });
    case 'png':
      return image.png({ compressionLevel: 9, ...(quality < 100 ? { palette: true, quality } : {}) });
    case 'webp':
      return image.webp({ quality, effort: 4 });
    default:
      return image.gif({
        effort: 7,
        ...(quality < 100 ? { interFrameMaxError: Math.round((100 - quality) / 10) } : {}),
      });
  }
}

/** Linux: the kernel ends this process before any other of ours. */
function firstToGo(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Another system: the bound set at the start is all there is.
  }
}

process.on('message', (work: Work) => {
  const running = work.type === 'inspect' ? inspect(work) : optimize(work);
  running
    .catch((): WorkResult => ({ done: false, fault: broken }))
    .then(
      (result) => process.send?.(result),
      () => undefined,
    );
});
// The platform's process decides when to stop; signals of the terminal are ignored.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));
