const correlationPattern = /^[\u0021-\u007e]{1,128}$/;

let count = 0;

const boot = Date.now().toString(36);

/** The client's correlation id if it is valid, else a new one. */
export function correlationIdOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const given = headers['x-correlation-id'];
  if (typeof given === 'string' && correlationPattern.test(given)) return given;
  count += 1;
  return `${boot}-${count.toString(36)}`;
}
