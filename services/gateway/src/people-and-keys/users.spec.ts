import { UsersMemory } from '../testing/users-memory.ts';
import { userStoreContract } from './users.contract.ts';

userStoreContract('in memory', async () => ({ store: new UsersMemory(), close: async () => undefined }));
