export * from './active-trace.js';
export * from './work-span.js';
