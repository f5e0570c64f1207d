import assert from 'node:assert/strict';
import { expectError } from '../client.js';
import type { EventInput } from '../model.js';
import type { CheckContext } from '../runner.js';

/** Expects each of these events to be refused with 400 and this code, and the run to be as before. */
export async function eachRefused({ api }: CheckContext, events: EventInput[], code: string): Promise<void> {
  const run = await api.createRun();
  for (const event of events) {
    const reply = await api.post(run.id, event);
    assert.equal(
      reply.status,
      400,
      `${JSON.stringify(event).slice(0, 200)} → ${reply.status} ${reply.text.slice(0, 200)}`,
    );
    expectError(reply, 400, code);
  }
  assert.equal((await api.run(run.id)).sequence, 1, 'nothing was stored');
}
