import { type DynamicModule, Module } from '@nestjs/common';
import { RequestAccess } from '../http/index.js';
import { ApiKeys } from './keys/api-keys.js';
import { AuditLog } from './audit-log.js';
import { AUTH_OPTIONS, type AuthOptions } from './auth-options.js';
import { Authenticator } from './authenticator.js';
import { CredentialAccess } from './credential-access.js';
import { CredentialWatch } from './streams/credential-watch.js';
import { KeysController } from './keys/keys.controller.js';
import { OwnCredentials } from './own/own-credentials.js';
import { RequestOrigin } from './origin/request-origin.js';
import { ScopeGuard } from './scope.guard.js';
import { SessionController } from './session/session.controller.js';
import { Sessions } from './session/sessions.js';
import { StreamTickets } from './streams/stream-tickets.js';

/**
 * Credentials and scopes, for Runstream's routes and for those of the application with `@RequireScope()`. It needs
 * RedisModule at the root, and TenancyModule with CredentialTenantResolver.
 *
 * @publicApi
 */
@Module({})
export class AuthModule {
  static forRoot(options: AuthOptions = {}): DynamicModule {
    return {
      module: AuthModule,
      global: true,
      // Where nobody has to prove who they are, what they make must not let them in later.
      controllers: options.mode === 'api-key' ? [KeysController, SessionController] : [],
      providers: [
        { provide: AUTH_OPTIONS, useValue: options },
        ScopeGuard,
        { provide: RequestAccess, useClass: CredentialAccess },
        ApiKeys,
        AuditLog,
        Authenticator,
        CredentialWatch,
        RequestOrigin,
        OwnCredentials,
        Sessions,
        StreamTickets,
      ],
      exports: [
        ApiKeys,
        AuditLog,
        Authenticator,
        CredentialWatch,
        RequestAccess,
        RequestOrigin,
        ScopeGuard,
        StreamTickets,
      ],
    };
  }
}
