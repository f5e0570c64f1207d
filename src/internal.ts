/** Every module's own surface in one, for tests and benches of this repository. No application can import it. */
export * from './common/index.js';
export * from './config/index.js';
export * from './auth/index.js';
export * from './configure-runstream.js';
export * from './consumer/index.js';
export * from './event-store/index.js';
export * from './events/index.js';
export * from './health/index.js';
export * from './http/index.js';
export * from './metrics/index.js';
export * from './operations/index.js';
export * from './redis/index.js';
export * from './runs/index.js';
export { optionsFromEnv } from './options-from-config.js';
export * from './runstream.module.js';
export * from './runstream-options.js';
export * from './tenancy/index.js';
