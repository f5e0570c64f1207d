export * from './config-error.js';
export * from './env-file.js';
export * from './load-config.js';
export type * from './runstream-config.js';
