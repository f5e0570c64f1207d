import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApplication, type TestApplication } from '../support/application.js';
import { LARGE_TEXT_BYTES } from '../../src/redis/redis-script.js';

/** Small and large ones in turn, some of them at the very border, in one, two, three and four bytes a character. */
const CONTENTS = ['a', '\u00e9', '\u4e2d', '🙂'].flatMap((char) => [
  'small',
  char.repeat(LARGE_TEXT_BYTES),
  ...[-60, -20, -1, 0, 1].map((off) =>
    char.repeat(Math.ceil((LARGE_TEXT_BYTES + off) / Buffer.byteLength(char))),
  ),
  '"quoted"\n\u2028',
]);

interface Event {
  id: string;
  sequence: number;
  data: { content?: string };
}

let application: TestApplication;
let run: string;

beforeAll(async () => {
  application = await startApplication();
  run = ((await post('/runs', { task: 'large' })) as { id: string }).id;
  for (const [n, content] of CONTENTS.entries()) {
    await post(`/runs/${run}/events`, {
      event: { category: 'log', action: 'stdout' },
      source: { agent_id: 'a' },
      data: { content },
      idempotency_key: `number ${n}`,
    });
  }
  await post(`/runs/${run}/events`, { event: { category: 'lifecycle', action: 'completed' } });
});
afterAll(async () => {
  await application.close();
});

async function post(path: string, body: object): Promise<unknown> {
  const answer = await fetch(application.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(201);
  return answer.json();
}

/** Texts of 16 KiB, so that a failure can be read. */
const digestsOf = (texts: readonly string[]) =>
  texts.map((text) => `${text.slice(0, 8)} ${text.length} ${createHash('sha1').update(text).digest('hex')}`);

const contentsOf = (events: readonly Event[]) =>
  digestsOf(events.map(({ data }) => data.content).filter((content) => content !== undefined));

describe('Events that are read as bytes are what was sent', () => {
  it('T241 in pages of a run, both ways', async () => {
    for (const order of ['asc', 'desc']) {
      const answer = await fetch(`${application.url}/runs/${run}/events?limit=1000&order=${order}`);
      const page = (await answer.json()) as { count: number; events: Event[] };
      expect(page.count).toBe(CONTENTS.length + 2);
      expect(contentsOf(page.events)).toEqual(digestsOf(order === 'asc' ? CONTENTS : CONTENTS.toReversed()));
    }
  });

  it('T241 in pages of the journal', async () => {
    // Other tests write to this journal as well, so that these events may begin some pages further on.
    const events: Event[] = [];
    for (let next: string | null = '-'; next !== null;) {
      const answer = await fetch(`${application.url}/events?run_id=${run}&type=log.stdout&start_id=${next}`);
      const page = (await answer.json()) as { events: Event[]; next_id: string | null };
      events.push(...page.events);
      next = page.next_id;
    }
    expect(contentsOf(events)).toEqual(digestsOf(CONTENTS));
  });

  it.each(['', '?named=true'])('T241 in a stream from the beginning%s', async (query) => {
    const answer = await fetch(`${application.url}/runs/${run}/events/stream${query}`);
    const frames = (await answer.text()).split('\n\n').filter((frame) => /^id: .*$/m.test(frame));
    const events = frames.map((frame) => JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? '{}') as Event);
    expect(contentsOf(events.filter(({ data }) => data !== undefined))).toEqual(digestsOf(CONTENTS));
    const ids = frames.map((frame) => /^id: (.*)$/m.exec(frame)?.[1]);
    expect(ids.slice(0, -1)).toEqual(events.slice(0, -1).map(({ id }) => id));
  });
});
