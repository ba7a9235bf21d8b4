import { ConsumptionMemory } from '../testing/consumption-memory.ts';
import { consumptionStoreContract } from './consumption.contract.ts';

consumptionStoreContract('in memory', async () => {
  const store = new ConsumptionMemory();
  return { store, add: async (usage) => store.add(usage), close: async () => undefined };
});
