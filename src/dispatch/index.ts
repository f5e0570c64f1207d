export * from './executor-dispatcher.js';
export * from './executor-overview.js';
export * from './executor-runner.js';
export * from './executors.module.js';
export * from './outage-buffer.js';
export { EXECUTOR_LOST, exhausted, handedOutAgain, lost, restarted } from './run-outcome.js';
