export * from './config-error.js';
export * from './load-config.js';
export * from './load-env-file.js';
export type * from './runstream-config.js';
