import { expect, it } from '@jest/globals';

import { networkOf } from './network-address.ts';

it('counts an IPv4 address as itself, however it is written, and an IPv6 address by its network', () => {
  for (const text of ['192.0.2.7', '::ffff:192.0.2.7', '0:0:0:0:0:FFFF:192.0.2.7'])
    expect(networkOf(text)).toBe('192.0.2.7');
  for (const text of ['2001:db8:1:2::1', '2001:0db8:0001:0002:ffff:0:0:1', '2001:DB8:1:2:3:4:5:6%eth0'])
    expect(networkOf(text)).toBe('2001:db8:1:2::/64');
  expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64');
  expect(networkOf('::1')).toBe('0:0:0:0::/64');
  expect(networkOf('fe80::1')).toBe('fe80:0:0:0::/64');
});
