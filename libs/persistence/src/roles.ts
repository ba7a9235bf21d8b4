import { createHmac } from 'node:crypto';

/** The password of a service's database role: derived, so that it is stored nowhere. `serviceSecret` is SERVICE_SECRET. */
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
