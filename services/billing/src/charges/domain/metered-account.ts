const prefix = 'metered:';

/**
 * The user behind a metered account of the tier-billing surface (surfaces §0.9); null: an account of no surface, or
 * below one.
 */
export function userOfAccount(account: string): string | null {
  if (!account.startsWith(prefix) || account.includes('/')) return null;
  return account.slice(prefix.length).replaceAll('%2F', '/').replaceAll('%25', '%');
}

/** The metered account of a user: `/` and `%` are percent-encoded. */
export const accountOfUser = (userId: string): string =>
  `${prefix}${userId.replaceAll('%', '%25').replaceAll('/', '%2F')}`;
