import { type ConfigurableModuleAsyncOptions, type DynamicModule, Global, Module } from '@nestjs/common';
import { configurableModule } from '../config/index.js';
import { RequestAccess } from '../http/index.js';
import { AccessDocument } from './openapi/access-document.js';
import { ApiKeys } from './keys/api-keys.js';
import { AuditLog } from './audit-log.js';
import { AUTH_OPTIONS, type AuthOptions } from './auth-options.js';
import { Authenticator } from './authenticator.js';
import { CredentialAccess } from './credential-access.js';
import { CredentialWatch } from './streams/credential-watch.js';
import { JwtVerifier, jwtVerifierOf } from './jwt/jwt-verifier.js';
import { KeysController } from './keys/keys.controller.js';
import { OwnCredentials } from './own/own-credentials.js';
import { RequestOrigin } from './origin/request-origin.js';
import { ScopeGuard } from './scopes/scope.guard.js';
import { SessionController } from './session/session.controller.js';
import { SessionState } from './session/session-state.js';
import { Sessions } from './session/sessions.js';
import { StreamTickets } from './streams/stream-tickets.js';

const { ConfigurableModule, options } = configurableModule<AuthOptions>('auth', AUTH_OPTIONS);

/** Which routes of credentials an application has. @publicApi */
export interface AuthRoutes {
  /** `/keys`, which need the mode `api-key`. Default true. */
  keys?: boolean;
  /** `/session`: who is signed in, and how pages sign in. Default true. */
  session?: boolean;
}

/**
 * Credentials and scopes, for Runstream's routes and for those of the application with `@RequireScope()`. It needs
 * RedisModule at the root, and TenancyModule.
 *
 * @publicApi
 */
@Global()
@Module({
  providers: [
    options,
    AccessDocument,
    ApiKeys,
    AuditLog,
    Authenticator,
    CredentialWatch,
    { provide: JwtVerifier, inject: [AUTH_OPTIONS], useFactory: jwtVerifierOf },
    OwnCredentials,
    RequestOrigin,
    ScopeGuard,
    SessionState,
    Sessions,
    StreamTickets,
    { provide: RequestAccess, useClass: CredentialAccess },
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
})
export class AuthModule extends ConfigurableModule {
  static override forRoot({ routes, ...options }: AuthOptions & { routes?: AuthRoutes } = {}): DynamicModule {
    // Where nobody has to prove who they are, what they make must not let them in later.
    const keys = options.mode === 'api-key' && (routes?.keys ?? true);
    return withRoutes(super.forRoot(options), { ...routes, keys });
  }

  static override forRootAsync({
    routes,
    ...options
  }: ConfigurableModuleAsyncOptions<AuthOptions> & { routes?: AuthRoutes }): DynamicModule {
    return withRoutes(super.forRootAsync(options), routes);
  }
}

function withRoutes(module: DynamicModule, { keys = true, session = true }: AuthRoutes = {}): DynamicModule {
  return {
    ...module,
    controllers: [...(keys ? [KeysController] : []), ...(session ? [SessionController] : [])],
  };
}
