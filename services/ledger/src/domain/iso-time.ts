const textsMax = 256;
const textTimes = new Float64Array(textsMax).fill(NaN);
const texts: string[] = [];

/** ISO 8601 with milliseconds in UTC. Cached, because the answers of a batch contain the same few times. */
export function isoTime(ms: number): string {
  const place = ms % textsMax;
  if (textTimes[place] === ms) return texts[place] as string;
  const text = new Date(ms).toISOString();
  if (place >= 0) {
    textTimes[place] = ms;
    texts[place] = text;
  }
  return text;
}
