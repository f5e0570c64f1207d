import { once } from 'node:events';

export default async function globalTeardown(): Promise<void> {
  const running = globalThis.testRunProcesses.filter(
    (child) => child.exitCode === null && child.signalCode === null,
  );
  await Promise.all(
    running.map(async (child) => {
      const exited = once(child, 'exit');
      child.stdin?.end();
      await exited;
    }),
  );
}
