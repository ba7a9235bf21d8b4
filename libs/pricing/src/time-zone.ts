export const timeZoneMessage = 'time_zone is UTC or the name of an IANA time zone, such as America/Sao_Paulo';

/**
 * Whether a text is `UTC` or the name of an IANA time zone. Names only: an offset such as +02:00 knows no summer time,
 * and a link such as "cet" may change its meaning.
 */
export function isTimeZone(value: unknown): value is string {
  if (value === 'UTC') return true;
  if (typeof value !== 'string' || !/^[A-Z][A-Za-z_]+\/[A-Za-z0-9_+/-]{1,60}$/.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}
