import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { ImageBytes, Task } from './answer-shapes.ts';
import { taskExample } from './examples.ts';

const surface = 'optimize';

const gone = ['TASK_UNKNOWN', 'TASK_EXPIRED'] as const;

/** What the optimizer makes. */
const imageTypes = ['image/jpeg', 'image/png', 'image/webp', 'image/gif'];

const bytes = { produces: imageTypes, answer: ImageBytes, example: '(bytes of the image)' };

const fileErrors = [...gone, 'TASK_NOT_READY', 'TASK_FAILED', 'OPTIMIZER_UNAVAILABLE'] as const;

/** What OpenAPI says of these routes. */
export const docs = {
  status: {
    summary: 'Status of an image',
    auth: 'activation key',
    status: 200,
    surface,
    answer: Task,
    example: taskExample,
    errors: [...gone, 'OPTIMIZER_UNAVAILABLE'],
  },
  download: {
    summary: 'The optimised image, for 24 hours',
    auth: 'activation key',
    status: 200,
    surface,
    ...bytes,
    errors: fileErrors,
  },
  webp: {
    summary: 'Its WebP version',
    auth: 'activation key',
    status: 200,
    surface,
    ...bytes,
    errors: fileErrors,
  },
} satisfies Record<string, Documentation>;
