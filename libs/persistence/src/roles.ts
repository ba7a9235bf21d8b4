import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The password of a service's database role where none of its own is given: anybody with SERVICE_SECRET has it. Good
 * enough where all services share one machine and one user.
 */
export function rolePassword(serviceSecret: string, role: string): string {
  return createHmac('sha256', serviceSecret).update(`database-role:${role}`).digest('base64url');
}

/** The administrator's address with another role's credentials. */
export function roleUrl(adminUrl: string, role: string, password: string): string {
  const url = new URL(adminUrl);
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent(password);
  return url.toString();
}

/**
 * A service's address of the database: with its role's own password, as the address has it, or derived from
 * SERVICE_SECRET.
 */
export function serviceUrl(of: {
  readonly url: string;
  readonly role: string;
  readonly password?: string | undefined;
  readonly serviceSecret: string;
}): string {
  const { username, password } = new URL(of.url);
  if (of.password === undefined && decodeURIComponent(username) === of.role && password !== '') return of.url;
  return roleUrl(of.url, of.role, of.password ?? rolePassword(of.serviceSecret, of.role));
}

/** Passwords of roles from a folder with a file each, named as the role. @throws when one is missing. */
export function rolePasswordsIn(folder: string): (role: string) => string {
  return (role) => {
    const password = readFileSync(join(folder, role), 'utf8').replace(/\r?\n$/, '');
    if (password === '')
      throw new Error(
        `the file ${join(folder, role)} is empty: it must hold the password of the database role ${role}`,
      );
    return password;
  };
}
