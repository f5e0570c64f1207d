export * from './tenancy-defaults.js';
export * from './tenancy.module.js';
export * from './tenant-context.js';
export * from './tenant-id.js';
export * from './tenant-resolver.js';
export * from './tenant.decorator.js';
export * from './request-tenant.js';
export * from './work-tenant.js';
