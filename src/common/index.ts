export * from './errors.js';
export * from './every.js';
export * from './fair-queue.js';
export * from './files.js';
export * from './integer.js';
export * from './json.js';
export * from './text.js';
