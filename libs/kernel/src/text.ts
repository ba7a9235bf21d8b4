/** Whether PostgreSQL takes `text` as it is (rule 13): no NUL, no surrogate without its pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/** Whether `text` has at most `max` characters: whole ones, of any script, not UTF-16 units (surfaces §0.5). */
export function hasAtMost(max: number, text: string): boolean {
  if (text.length <= max) return true;
  if (text.length > 2 * max) return false;
  let count = 0;
  for (const _ of text) if (++count > max) return false;
  return true;
}

/** Whether `value` is a text of 1 to `max` characters that PostgreSQL takes. */
export const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length > 0 && hasAtMost(max, value) && isStorableText(value);

/** Whether every string (keys too) in a JSON value is storable and it is nested no deeper than `depthMax` levels. */
export function isStorableJson(value: unknown, depthMax = 64): boolean {
  if (typeof value === 'string') return isStorableText(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depthMax === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isStorableJson(item, depthMax - 1));
  return Object.entries(value).every(([key, item]) => isStorableText(key) && isStorableJson(item, depthMax - 1));
}

/** JSON with the keys of every object in code-unit order: equal content gives equal text, whatever the spelling. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
