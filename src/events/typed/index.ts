export type { BuiltInEvents } from './built-in-events.js';
export * from './define-events.js';
export * from './event-data.js';
export * from './event-filter.js';
export * from './event-to-append.js';
export * from './is-event.js';
export * from './runstream-events.js';
