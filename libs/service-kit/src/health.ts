import { within } from './background/within.ts';

export type HealthPart = { readonly name: string; readonly up: boolean; readonly detail?: string };
/** `ready`: a request would succeed now. Details never show a secret. */
export type HealthReport = { readonly ready: boolean; readonly parts: readonly HealthPart[] };

/** Asks one part; slower than `timeoutMs` counts as down. */
export async function partOf(name: string, ask: () => Promise<unknown>, timeoutMs = 2_000): Promise<HealthPart> {
  try {
    await within(timeoutMs, ask(), () => new Error(`no answer within ${timeoutMs} ms`));
    return { name, up: true };
  } catch (error) {
    return { name, up: false, detail: withoutCredentials(error instanceof Error ? error.message : 'unknown reason') };
  }
}

/** Ready when every part is; parts of one name in several reports are told once, down wins. */
export function combineHealth(reports: readonly HealthReport[]): HealthReport {
  const parts = new Map<string, HealthPart>();
  for (const part of reports.flatMap((report) => report.parts)) {
    if (parts.get(part.name)?.up !== false) parts.set(part.name, part);
  }
  return { ready: reports.every((report) => report.ready), parts: [...parts.values()] };
}

const withoutCredentials = (text: string): string => text.replace(/\/\/[^@/\s]*@/g, '//');
