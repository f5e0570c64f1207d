export * from './active-trace.js';
