export * from './errors.js';
export * from './every.js';
export * from './host-name.js';
export * from './json.js';
export * from './loopback.js';
export * from './origins.js';
