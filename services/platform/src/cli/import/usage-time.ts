import { localInstant } from '@tollgate/pricing';

const written = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?)? ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * A time as consoles write it, as RFC 3339: a date (its first instant), date and time with or without a zone, seconds
 * or milliseconds since 1970. Without a zone it is of `zone`. null: it is none of these, or there is no such day.
 */
export function readTime(text: string, zone: string): string | null {
  const epoch = /^(?:(\d{9,10})(?:\.(\d{1,9}))?|(\d{11,13}))$/.exec(text);
  if (epoch)
    return new Date(
      epoch[3] === undefined
        ? Number(epoch[1]) * 1000 + Number((epoch[2] ?? '').padEnd(3, '0').slice(0, 3))
        : Number(epoch[3]),
    ).toISOString();
  const match = written.exec(text);
  if (match === null) return null;
  const [, date = '', minutes = '00:00', seconds = ':00', fraction = '', offset] = match;
  const local = `${date}T${minutes}${seconds}`;
  if (offset !== undefined || zone === 'UTC') {
    const spelt = offsetOf(offset);
    return localInstant(local, 'UTC') === null || spelt === null ? null : `${local}${fraction}${spelt}`;
  }
  const atMs = localInstant(`${local}${fraction}`, zone);
  return atMs === null ? null : new Date(atMs).toISOString();
}

/** `+00`, `+0000` and `+00:00` are one; null: there is no such offset. */
function offsetOf(text: string | undefined): string | null {
  if (text === undefined || /^(Z|UTC)$/i.test(text)) return 'Z';
  const hours = text.slice(1, 3);
  const minutes = text.slice(3).replace(':', '') || '00';
  return Number(hours) > 23 || Number(minutes) > 59 ? null : `${text.slice(0, 1)}${hours}:${minutes}`;
}
