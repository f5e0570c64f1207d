export * from './envelope.js';
export * from './event-id.js';
export * from './event-types.js';
export * from './prepare-event.js';
export * from './recorded-event.js';
export * from './run-patch.js';
export * from './timestamp.js';
