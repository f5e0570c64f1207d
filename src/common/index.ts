export * from './errors.js';
export * from './every.js';
export * from './fair-queue.js';
export * from './json.js';
