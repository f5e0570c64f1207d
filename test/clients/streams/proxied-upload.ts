import assert from 'node:assert/strict';
import { Client } from '../../conformance/client.js';
import { eventOf } from '../../conformance/model.js';
import { eventually } from '../../support/eventually.js';

/** Through a proxy: a line is stored while the upload that has brought it goes on. */
export async function uploadThrough(port: number): Promise<string> {
  const api = new Client({ url: `http://127.0.0.1:${port}` }, new AbortController().signal);
  const { id: runId } = await api.createRun();
  const upload = api.openUpload(runId);
  // Apache waits for 16 KiB before it begins.
  const line = `${JSON.stringify(eventOf('log.stdout', { line: 'x'.repeat(64 * 1024) }))}\n`;
  upload.request.write(line);
  await eventually('a line of an open upload is stored', async () => (await api.run(runId)).sequence === 2);
  upload.request.end(line);
  const answer = await upload.response;
  assert.equal(answer.statusCode, 200);
  answer.resume();
  assert.equal((await api.run(runId)).sequence, 3);
  return 'stored while it goes on';
}
