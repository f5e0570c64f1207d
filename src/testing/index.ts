export { type ConsumerTestbed, createConsumerTestbed } from './consumer-testbed.js';
export type { ConsumerTestbedOptions } from './testbed-options.js';
export type { HandledEvent, HandledOutcome } from './result-recorder.js';
export { startTestRedis, type TestRedis } from './test-redis.js';
