export * from './api-keys.js';
export * from './auth.module.js';
export * from './auth-options.js';
export * from './credential-tenant.resolver.js';
export * from './credential-watch.js';
export * from './principal.js';
export * from './scopes.js';
export * from './stream-tickets.js';
