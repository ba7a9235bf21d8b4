import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** IANA's special-purpose addresses that are not reached over the internet, and multicast. */
const innerV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const innerV6: readonly (readonly [string, number])[] = [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fec0::', 10],
  ['ff00::', 8],
];
/** Link-local, and what clouds serve their metadata and credentials on: refused in every set-up. */
const neverV4: readonly (readonly [string, number])[] = [
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
];
const neverV6: readonly (readonly [string, number])[] = [
  ['fe80::', 10],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
];

function listOf(v4: readonly (readonly [string, number])[], v6: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of v4) list.addSubnet(net, prefix, 'ipv4');
  for (const [net, prefix] of v6) list.addSubnet(net, prefix, 'ipv6');
  return list;
}
const [inner, never] = [listOf(innerV4, innerV6), listOf(neverV4, neverV6)];

/**
 * Whether an address may be connected to; an IPv4 address inside an IPv6 one (mapped, NAT64, 6to4, compatible) counts
 * as itself.
 */
export function isOpenAddress(address: string, { allowPrivate }: { readonly allowPrivate: boolean }): boolean {
  const bare = address.replace(/%.*$/, '');
  const within = isIPv6(bare) ? embeddedV4(bare) : null;
  if (within !== null && !isOpenAddress(within, { allowPrivate })) return false;
  if (!isIPv4(bare) && !isIPv6(bare)) return false;
  const family = isIPv4(bare) ? 'ipv4' : 'ipv6';
  if (never.check(bare, family)) return false;
  return allowPrivate || !inner.check(bare, family);
}

/** The IPv4 address that an IPv6 address stands for; null: none. */
function embeddedV4(address: string): string | null {
  const groups = groupsOf(address);
  const v4 = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');
  const zeros = (count: number): boolean => groups.slice(0, count).every((group) => group === 0);
  const [a = 0, b = 0, c = 0, , , , g = 0, h = 0] = groups;
  if (zeros(5) && groups[5] === 0xffff) return v4(g, h);
  if (zeros(6) && (g !== 0 || h > 1)) return v4(g, h);
  if (zeros(4) && groups[4] === 0xffff && groups[5] === 0) return v4(g, h);
  if (a === 0x64 && b === 0xff9b) return v4(g, h);
  if (a === 0x2002) return v4(b, c);
  return null;
}

/** Two bytes of an IPv4 address, as a group of an IPv6 address. */
const groupOf = (high: string | undefined, low: string | undefined): string =>
  ((Number(high) << 8) | Number(low)).toString(16);

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text =
    dotted === null ? address : `${dotted[1] ?? ''}${groupOf(dotted[2], dotted[3])}:${groupOf(dotted[4], dotted[5])}`;
  const [head = '', tail] = text.split('::');
  const numbers = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [front, back] = [numbers(head), tail === undefined ? [] : numbers(tail)];
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}
