export * from './check-options.js';
export * from './describe-error.js';
export * from './errors.js';
export * from './every.js';
export * from './json.js';
