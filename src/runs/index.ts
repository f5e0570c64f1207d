export * from './dto/event.dto.js';
export * from './dto/run.dto.js';
export {
  type HistoryOptions,
  type HistoryPage,
  type ListRunsOptions,
  RunOperations,
  type RunToStart,
  type WaitOptions,
} from './facade/run-operations.js';
export { RunsFromCodeModule } from './facade/runs-from-code.module.js';
export { Runstream } from './facade/runstream.js';
export type { RunUpdate, WatchRunOptions } from './facade/run-updates.js';
export { traceOf } from './request-headers.js';
export * from './runs.module.js';
export * from './runs-metrics.js';
export * from './runs-options.js';
export * from './runs.service.js';
export { RunWaits } from './run-waits.js';
export * from './sse/event-streams.js';
export { toWireChunk, type WireChunk } from './sse/frame.js';
export { RunStreams } from './sse/run-streams.js';
export type { StreamFormat } from './sse/stream-format.js';
