export { FailError, RetryError } from './outcomes.js';
export type { ExecutorFunction, ExecutorOptions, LeaveReason, WorkerEvent, WorkerRun } from './worker-run.js';
export type { HandlerContext, HandlerFunction, HandlerOptions } from './handler-context.js';
export { Worker, type WorkerOptions } from './worker.js';
