import { UsageError } from '../../failure.js';
import { linesOf } from '../../input/lines.js';
import type { Session } from '../../session.js';

/**
 * The run that is meant: by its id, by `-` the one whose id (or JSON, as `start --json` prints it) comes on stdin, or
 * the newest of all.
 *
 * @throws UsageError
 */
export async function whichRun(
  { client, stdin, signal }: Session,
  run: string | undefined,
  isLatest = false,
): Promise<string> {
  if ((run === undefined) !== isLatest) throw new UsageError('Name a run, or give --latest, and not both.');
  if (isLatest) {
    const newest = (await client.runs.list({ limit: 1 }, { signal })).runs[0];
    if (!newest) throw new UsageError('There is no run yet. Start one with: runstream start "<task>"');
    return newest.id;
  }
  if (run !== '-') return run ?? '';
  for await (const line of linesOf(stdin)) return idIn(line.trim());
  throw new UsageError('No run came on stdin.');
}

function idIn(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { id } = JSON.parse(line) as { id?: unknown };
    if (typeof id === 'string') return id;
  } catch {
    // Said below.
  }
  throw new UsageError('What came on stdin is no run.');
}
