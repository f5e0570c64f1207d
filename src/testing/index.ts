export { type ConsumerTestbed, createConsumerTestbed } from './consumer-testbed.js';
export { createExecutorTestbed, type ExecutorTestbed, type TestWait } from './executor-testbed.js';
export type { Testbed } from './testbed.js';
export type { ConsumerTestbedOptions, ExecutorTestbedOptions, TestbedOptions } from './testbed-options.js';
export type { HandledEvent, HandledOutcome } from './result-recorder.js';
export { startTestRedis, type TestRedis } from './test-redis.js';
export * from './doubles/index.js';
