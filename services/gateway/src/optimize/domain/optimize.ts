/** Bytes of one "MB" as the optimize surface shows them. */
const mebibyte = 1_048_576;
const kibibyte = 1_024n;

/** What an upload costs: its size rounded up to 1 KiB (surfaces §3), in bytes. */
export const chargeOf = (size: number): bigint => ((BigInt(size) + kibibyte - 1n) / kibibyte) * kibibyte;

/** Megabytes rounded to 2 decimals, half up; `bytes` within the safe integers. */
export const megabytes = (bytes: bigint | string): number => Math.round((Number(bytes) * 100) / mebibyte) / 100;

export const usage = ({ limit, used }: { readonly limit: bigint; readonly used: bigint }) => ({
  limit_mb: megabytes(limit),
  used_mb: megabytes(used),
  remaining_mb: megabytes(used < limit ? limit - used : 0n),
});

const nameMax = 255;
const control = /[\u0000-\u001f\u007f-\u009f]/gu;

/** The client's file name for display: the last segment of a path, without control characters. Never used as a path. */
export function shownName(name: string | undefined): string {
  const last = (name ?? '').split(/[/\\]/).at(-1) ?? '';
  return last.toWellFormed().replace(control, '').slice(0, nameMax).toWellFormed() || 'file';
}
