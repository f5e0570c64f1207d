import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessDocument } from './openapi/access-document.js';
import { ApiKeys } from './keys/api-keys.js';
import { AuditLog } from './audit-log.js';
import { AUTH_OPTIONS, type AuthOptions } from './auth-options.js';
import { Authenticator } from './authenticator.js';
import { CredentialWatch } from './streams/credential-watch.js';
import { KeysController } from './keys/keys.controller.js';
import { RequestOrigin } from './origin/request-origin.js';
import { ScopeGuard } from './scope.guard.js';
import { SessionController } from './session/session.controller.js';
import { Sessions } from './session/sessions.js';
import { StreamTickets } from './streams/stream-tickets.js';

/**
 * Credentials and scopes. Once a mode is set, every route of the application is closed unless `@RequireScope()` or
 * `@Public()` opens it. It needs RedisModule at the root, and TenancyModule with CredentialTenantResolver.
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
        { provide: APP_GUARD, useClass: ScopeGuard },
        AccessDocument,
        ApiKeys,
        AuditLog,
        Authenticator,
        CredentialWatch,
        RequestOrigin,
        Sessions,
        StreamTickets,
      ],
      exports: [ApiKeys, Authenticator, CredentialWatch, RequestOrigin, StreamTickets],
    };
  }
}
