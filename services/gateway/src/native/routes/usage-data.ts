import { AppError } from '@tollgate/kernel';
import type { UsageInputs } from '@tollgate/pricing';
import { modelMeter, readUsage } from '@tollgate/pricing';

/** The amount or the usage of a spend or a hold. The ledger rates usage. */
export function usageData({
  amount,
  usage,
}: {
  readonly amount?: string | undefined;
  readonly usage?: Readonly<Record<string, unknown>> | undefined;
}): UsageData {
  if (amount !== undefined) return { amount };
  const read = readUsage(modelMeter, usage ?? {});
  if ('fault' in read) throw new AppError('invalid', read.fault.code, `usage: ${read.fault.detail}`);
  return { meter: modelMeter, inputs: read.inputs };
}

type UsageData = { readonly amount: string } | { readonly meter: string; readonly inputs: UsageInputs };
