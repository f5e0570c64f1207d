import { startRedis } from './redis.js';

/**
 * Holds the test run's Redis in a process of its own. It ends when its stdin does: with jest, however jest ends, so
 * that a killed test run leaves no server behind.
 */
const redis = await startRedis();
process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole group; the tests' own teardown comes first
process.stdout.write(`${redis.url}\n`);
process.stdin.resume().once('end', () => void redis.stop());
