import { z } from 'zod';

import { textOf } from '../../http-kit/text-shape.ts';

const email = textOf(254)
  .transform((value) => value.trim().toLowerCase())
  .refine((value) => /^[^\s@]+@[^\s@]+$/.test(value), { error: 'must be an e-mail address' });

export const Register = z
  .object({ email, password: textOf(1_024, 8), name: textOf(255) })
  .meta({ example: { email: 'ada@example.org', password: 'correct horse', name: 'Ada' } });

export type Register = z.output<typeof Register>;

export const Login = z
  .object({ email: textOf(254).transform((value) => value.trim().toLowerCase()), password: textOf(1_024) })
  .meta({ example: { email: 'ada@example.org', password: 'correct horse' } });

export type Login = z.output<typeof Login>;

export const ChangePassword = z
  .object({ current_password: textOf(1_024), new_password: textOf(1_024, 8) })
  .meta({ example: { current_password: 'correct horse', new_password: 'battery staple' } });

export type ChangePassword = z.output<typeof ChangePassword>;
