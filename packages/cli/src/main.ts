#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { EXIT } from './exit-code.js';
import { Interrupted } from './failure.js';
import { run } from './run.js';

/** npx passes a Ctrl-C on that the terminal has sent already. */
const SAME_SIGNAL_MS = 500;

const interrupted = new AbortController();

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    // Whoever reads it has seen enough, as `head`: there is nobody to tell.
    process.exit(code === 'EPIPE' ? EXIT.closedPipe : EXIT.failed);
  });
}
let interruptedAt = Infinity;
process.on('SIGINT', () => {
  // The second one waits for nothing.
  if (Date.now() - interruptedAt > SAME_SIGNAL_MS) process.exit(EXIT.interrupted);
  if (interrupted.signal.aborted) return;
  interruptedAt = Date.now();
  interrupted.abort(new Interrupted());
  // Its next line may never come.
  process.stdin.destroy();
});

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
process.exitCode = await run(process.argv.slice(2), {
  environment: process.env,
  folder: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  version,
  signal: interrupted.signal,
});
