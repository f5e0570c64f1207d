import assert from 'node:assert/strict';
import { expectError } from '../client.js';
import { numbered } from '../model.js';
import type { CheckContext } from '../runner.js';
import { assertSequences } from '../watcher.js';

/** Expects a batch to be refused as a whole: nothing of it is stored and the run goes on. */
export async function allRefused(
  { api }: CheckContext,
  batch: unknown,
  status: number,
  code: string,
): Promise<void> {
  const run = await api.createRun();
  expectError(await api.post(run.id, batch), status, code);
  await api.append(run.id, numbered(99));
  const log = await api.history(run.id);
  assertSequences(log, 1, 2);
  assert.equal(log[1]?.data.n, 99, 'nothing of the refused batch is in the log');
}
