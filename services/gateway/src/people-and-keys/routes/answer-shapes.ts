import { z } from 'zod';

import { shownTime } from '../../http-kit/openapi/answer-schemas.ts';

const success = z.literal(true);
const message = z.string();

export const User = z
  .object({
    id: z.string(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    role: z.string(),
    created_at: shownTime,
  })
  .meta({ id: 'User' });

const WithKey = z.object({
  ...User.shape,
  /** null: the user has revoked it. */
  api_key: z.string().nullable(),
});

export const Registered = z.object({ success, message, data: WithKey }).meta({ id: 'Registered' });

export const Profile = z.object({ success, data: WithKey }).meta({ id: 'Profile' });

const credentials = { access_token: z.string(), token: z.string(), api_key: z.string().nullable() };

export const LoggedIn = z
  .object({ success, message, ...credentials, data: z.object({ ...credentials, user: User }) })
  .meta({ id: 'LoggedIn' });

export const Done = z.object({ success, message });

const newKey = { api_key: z.string(), created_at: shownTime };

export const NewUserKey = z.object({ success, message, ...newKey, data: z.object(newKey) }).meta({ id: 'NewUserKey' });
