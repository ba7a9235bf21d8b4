/**
 * A value as RFC 4180 wants it; null is empty. A spreadsheet could run what begins with = + - @, in full width too, or
 * with a tab or line end before that: unless it is a number it gets a quote before it.
 */
export function csvCell(value: unknown): string {
  const text = value === undefined || value === null ? '' : String(value);
  const safe = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
