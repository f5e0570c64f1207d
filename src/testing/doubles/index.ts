export { createEvent, type EventPlace } from './create-event.js';
export { createHandlerContext, type HandlerContextOptions, TestHandlerContext } from './handler-context.js';
export { createRunExecution, type RunExecutionOptions, TestRunExecution } from './run-execution.js';
