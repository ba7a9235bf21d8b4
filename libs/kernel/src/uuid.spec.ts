import { describe, expect, it } from '@jest/globals';

import { uuidV3, uuidV5 } from './index.ts';

const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

describe('a UUID of a name', () => {
  it('is what RFC 9562 says for its own samples', () => {
    expect(uuidV5(dns, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
    expect(uuidV3(dns, 'www.example.com')).toBe('5df41881-3aed-3515-88a7-2f4a814cf09e');
  });
});
