export * from './dto/event.dto.js';
export * from './dto/run.dto.js';
export * from './executors/index.js';
export * from './runs.module.js';
export * from './runs-metrics.js';
export * from './runs-options.js';
export * from './runs.service.js';
export * from './sse/event-streams.js';
