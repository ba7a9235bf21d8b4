import type { Explanation } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { countedQuantities, countedUnits, quantitiesOf, rateUsage } from '@tollgate/pricing';

import type { Entry } from '../domain/entry.ts';
import { isoTime } from '../domain/iso-time.ts';
import { entryView } from '../domain/views.ts';
import { entryOrNull } from './entries.ts';
import type { QueryPorts } from './ports.ts';
import type { CatalogReads } from './reads.ts';

/** Each step from the quantities to the amount, so that a cost can be explained years later. */
export async function explain(ports: QueryPorts, text: string): Promise<Explanation | null> {
  const found = await entryOrNull(ports, text);
  return found && explainEntry(ports.reads.catalog, found.id.partition, found.entry);
}

export async function explainEntry(
  catalog: Pick<CatalogReads, 'card'>,
  partition: number,
  entry: Entry,
): Promise<Explanation> {
  const view = entryView(partition, entry);
  const { rate } = entry;
  if (!rate)
    return {
      entry: view,
      rate: null,
      inputs: {},
      steps: [{ step: 'amount', formula: 'booked as asked', result: view.amount }],
      result: view.amount,
    };
  const { model } = rate.inputs;
  const quantities = quantitiesOf(rate.inputs);
  if (rate.version === 0) {
    const counted = countedQuantities(quantities);
    const result = countedUnits(quantities);
    const formula = counted.map(([name, quantity]) => `${name} ${quantity}`).join(' + ');
    const steps = [{ step: 'counted as they are', formula, result: String(result) }, amountStep(view.amount, result)];
    return { entry: view, rate: null, inputs: rate.inputs, steps, result: view.amount };
  }
  const booked = await catalog.card(partition, rate.card, rate.version);
  const rated = booked && rateUsage(booked.card, rate.meter, { model, quantities });
  if (!booked || !rated)
    throw new AppError(
      'bug',
      'INVARIANT_BROKEN',
      `rate card ${rate.card} version ${rate.version} is missing from the books`,
    );
  return {
    entry: view,
    rate: { card: rate.card, version: rate.version, effective_from: isoTime(booked.fromMs) },
    inputs: rate.inputs,
    steps: [
      ...rated.steps.map(({ step, formula, result }) => ({ step, formula, result: String(result) })),
      amountStep(view.amount, rated.cost),
    ],
    result: view.amount,
  };
}

/**
 * From the total cost to the amount of this entry: usage is negative, and a request that burned several lots has an
 * entry for each.
 */
function amountStep(amount: string, total: bigint): Explanation['steps'][number] {
  const taken = String(-total);
  return {
    step: 'amount',
    formula: amount === taken ? taken : `of ${taken}, what this entry took from its grant`,
    result: amount,
  };
}
