import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Done, LoggedIn, Registered } from './answer-shapes.ts';
import { loginExample } from './examples.ts';

const surface = 'licence keys';

export const noPassword = 'This user logs in at an outside identity provider';

/** What OpenAPI says of these routes. */
export const docs = {
  register: {
    summary: 'Registers a user',
    auth: 'none',
    status: 200,
    surface,
    answer: Registered,
    errors: [
      [400, 'Email is already registered'],
      [403, 'Registration is switched off'],
      [429, 'too many passwords are being checked; try again in a second'],
    ],
    example: {
      success: true,
      message: 'User registered successfully',
      data: { ...loginExample.data.user, api_key: 'tgu_…' },
    },
  },
  login: {
    summary: 'Logs in: at most 10 failures of an account from one address in 15 minutes',
    auth: 'none',
    status: 200,
    surface,
    answer: LoggedIn,
    example: loginExample,
    errors: [
      [401, 'Invalid email or password'],
      [429, 'Too many failed logins. Try again later'],
    ],
  },
  changePassword: {
    summary: 'Changes the password. All logins and the API key end; the answer contains new ones',
    auth: 'user',
    status: 200,
    surface,
    answer: LoggedIn,
    example: { ...loginExample, message: 'Password changed' },
    errors: [
      [401, 'The current password is not correct'],
      [429, 'Too many failed logins. Try again later'],
      [400, noPassword],
    ],
  },
  logOutEverywhere: {
    summary: 'Ends every login of the user, including this one; the API key stays valid',
    auth: 'user',
    status: 200,
    surface,
    answer: Done,
    example: { success: true, message: 'Logged out everywhere' },
    errors: [[400, noPassword]],
  },
} satisfies Record<string, Documentation>;
