import { z } from 'zod';

import { accountIdFault, accountIdMax } from '../shared/domain/account-id.ts';

export const accountId = z
  .string()
  .superRefine((id, context) => {
    const fault = accountIdFault(id);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  })
  .meta({ minLength: 1, maxLength: accountIdMax, example: 'acme/team-a' });
