export { LIMIT_KEYS } from './limit-keys.js';
export * from './limits-metrics.js';
export * from './limits-options.js';
export * from './limits.module.js';
export * from './request-quota.js';
export * from './stream-quota.js';
export * from './tenant-limits.js';
