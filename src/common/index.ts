export * from './errors.js';
export * from './every.js';
export * from './json.js';
export * from './timers.js';
