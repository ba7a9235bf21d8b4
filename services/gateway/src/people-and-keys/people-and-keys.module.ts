import { Module } from '@nestjs/common';
import { wallClock } from '@tollgate/kernel';

import { provider } from '../foundation.ts';
import { port } from '../http-kit/port.ts';
import { Logins } from './app/logins.ts';
import { ServerKeys } from './app/server-keys.ts';
import { UserAccess } from './app/user-access.ts';
import type { UserStore } from './app/users.ts';
import { makeLoginFailureStore } from './postgres/login-failures.ts';
import { makeServerKeyStore } from './postgres/server-keys.ts';
import { makeUserStore } from './postgres/users.ts';
import { ApiKeysController } from './routes/api-keys.controller.ts';
import { AuthController } from './routes/auth.controller.ts';

export const userStore = port<UserStore>('users');
const pruneMs = 60 * 60_000;

/** Who calls, and what they may do: users, logins, passwords and server keys. */
@Module({
  controllers: [AuthController, ApiKeysController],
  providers: [
    provider(userStore, [], ({ entities }) => makeUserStore(entities)),
    provider(ServerKeys, [], async ({ entities, secrets, background }) => {
      const store = makeServerKeyStore(entities);
      const serverKeys = new ServerKeys({ store, firstKey: secrets.serverApiKey, realClock: wallClock });
      background.onStop(() => serverKeys.stop());
      await serverKeys.start();
      return serverKeys;
    }),
    provider(UserAccess, [userStore], async ({ config: { outside }, secrets, background }, users) => {
      const userAccess = new UserAccess({ jwtSecret: secrets.jwtSecret, users, realClock: wallClock, outside });
      background.onStop(() => userAccess.stop());
      await userAccess.start();
      return userAccess;
    }),
    provider(Logins, [userStore, UserAccess], async ({ pool, config, secrets, background }, users, userAccess) => {
      const logins = new Logins({
        users,
        failures: makeLoginFailureStore(pool),
        realClock: wallClock,
        registration: config.registration,
        onRenewed: (userId) => userAccess.forget([userId]),
      });
      await logins.ensureAdmin({ email: config.adminEmail, password: secrets.adminPassword });
      background.every(pruneMs, 'old failed logins are removed', () => logins.prune());
      return logins;
    }),
  ],
  exports: [userStore, ServerKeys, UserAccess, Logins],
})
export class PeopleAndKeysModule {}
