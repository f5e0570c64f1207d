export type * from './health-indicator.js';
export * from './health-registry.js';
export * from './health-response.dto.js';
export * from './health.module.js';
export * from './runstream-health.js';
