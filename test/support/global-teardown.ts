import { once } from 'node:events';

export default async function globalTeardown(): Promise<void> {
  const child = globalThis.sharedTestRedis;
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.stdin?.end();
  await once(child, 'exit');
}
