import { licenceKeyEntity } from '../licence-keys/postgres/licence-key.entity.ts';
import { serverKeyEntity } from '../people-and-keys/postgres/server-key.entity.ts';
import { userEntity } from '../people-and-keys/postgres/user.entity.ts';

/** The tables that TypeORM reads and writes (ADR 25). */
export const entities = [licenceKeyEntity, serverKeyEntity, userEntity];
