import { hasAtMost, hasDotSegment, isStorableText } from '@tollgate/kernel';

/** 32 characters without O, 0, I and 1, which are confused when a key is read aloud. */
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const groups = 5;
const groupLength = 5;

/** A licence key of 5 × 5 characters made of 25 random bytes (125 bits: five of each byte). */
export function licenceKeyFrom(random: Uint8Array): string {
  const parts: string[] = [];
  for (let group = 0; group < groups; group++) {
    const bytes = random.subarray(group * groupLength, (group + 1) * groupLength);
    parts.push(Array.from(bytes, (byte) => alphabet.charAt(byte & 31)).join(''));
  }
  return parts.join('-');
}
export const licenceKeyBytes = groups * groupLength;

/** A key as it is stored: without surrounding blanks, in capitals. */
export const normalLicenceKey = (text: string): string => text.trim().toUpperCase();

/** Whether a normalised key can exist: 1–128 characters, none of them a control character, no segment `.` or `..`. */
export function isLicenceKey(key: string): boolean {
  return (
    key.length >= 1 &&
    hasAtMost(128, key) &&
    !/[\u0000-\u001f\u007f-\u009f]/u.test(key) &&
    isStorableText(key) &&
    !hasDotSegment(key)
  );
}
