export * from './metrics.module.js';
export * from './metrics-options.js';
export * from './metrics-registry.js';
export * from './metrics-server.js';
