import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { codeBlock } from './documents.js';
import type { Driver } from './driver.js';

/** What a command prints in its first line, or undefined where there is no such command. */
export function firstLineOf(command: string, args: readonly string[]): string | undefined {
  try {
    const printed = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return printed.split('\n')[0]?.trim();
  } catch {
    return undefined;
  }
}

/**
 * A program of docs/clients.md that prints each event on a line.
 *
 * @param command what runs the program's file
 * @param argumentsOf what it is given to follow the stream of this URL
 */
export function program(
  name: string,
  command: string,
  block: string,
  argumentsOf: (url: string) => string[] = (url) => [url],
): Driver {
  return {
    name,
    open: ({ url, onHeard }) => {
      const folder = mkdtempSync(join(tmpdir(), 'runstream-client-'));
      const file = join(folder, block);
      writeFileSync(file, codeBlock('clients.md', block));
      const child = spawn(command, [file, ...argumentsOf(url)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
        env: { ...process.env, PYTHONPATH: 'clients/python' },
      });
      createInterface(child.stdout).on('line', (data) => {
        onHeard({ name: 'message', id: (JSON.parse(data) as { id: string }).id, data });
      });
      const closed = once(child, 'close').then(() => {
        rmSync(folder, { recursive: true });
      });
      return {
        stopped: closed.then(() => {
          if (child.exitCode !== 0)
            throw new Error(`${block} ended with ${child.signalCode ?? child.exitCode}`);
        }),
        close: async () => {
          // It may have children of its own: the whole group.
          if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
          await closed;
        },
      };
    },
  };
}
