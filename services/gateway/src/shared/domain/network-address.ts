const mapped = /^(?:0{1,4}:){0,5}:{0,2}(?:0{1,4}:)*ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/**
 * The network that limits per address count: an IPv4 address, or the first 64 bits of an IPv6 address, because a
 * customer usually gets at least that many. IPv4-mapped addresses are IPv4.
 */
export function networkOf(address: string): string {
  const plain = address.split('%', 1)[0] ?? address;
  if (!plain.includes(':')) return plain;
  const v4 = mapped.exec(plain)?.[1];
  if (v4 !== undefined) return v4;
  const [before = '', after] = plain.toLowerCase().split('::', 2);
  const head = groupsOf(before);
  const tail = after === undefined ? [] : groupsOf(after);
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** An IPv4 address at the end is two groups. */
const groupsOf = (part: string): string[] =>
  part
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => (group.includes('.') ? ['0', '0'] : [group.replace(/^0+(?=.)/, '')]));
