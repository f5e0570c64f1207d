import assert from 'node:assert/strict';
import { expectError, expectStatus, type Client } from '../client.js';
import { eventOf, terminal, type JsonObject, type RecordedEvent, type Run } from '../model.js';
import { defineSection } from '../runner.js';
import { type Watcher } from '../watcher.js';

/** JSON as text, since a JavaScript literal can't say `__proto__`. */
const OBJECT_WORDS =
  '{"constructor":{"name":"x"},"__proto__":{"polluted":true},"toString":"text","hasOwnProperty":1,' +
  '"prototype":null,"then":"later","toJSON":"no","":"empty","a.b":{"$ref":"#"},"0":"zero","length":3}';

const NUMBERS =
  '{"max":1.7976931348623157e308,"min":5e-324,"third":0.3333333333333333,"past_2_53":9007199254740993,' +
  '"negative":-123.456,"exponent":1E+2,"zero":0,"list":[1,-1,1e21]}';

const TEXTS: JsonObject = {
  newlines: 'one\ntwo\r\nthree\rfour\n\nfive\n',
  sse: 'data: not a field\nevent: close\nid: 7\n\n: comment',
  separators: 'line\u2028paragraph\u2029next\u0085end',
  nul: 'a\u0000b\u0001c\u001f\u007f',
  emoji: '👩‍👩‍👧‍👦 🇪🇺 e\u0301',
  bom: '\ufefftext\ufeff',
  quotes: '"\\/\b\f\t</script>',
  halves: '\ud800 and \udc00',
  spaces: '  leading and trailing  ',
  'key\n\u2028\u0000👍': [[], {}, [[]], null, true, false, ''],
};

/** Where a value can be met: in the history, in a replay and live. */
async function everywhere(api: Client, runId: string, append: () => Promise<void>): Promise<RecordedEvent[]> {
  const live = await api.watch(runId);
  await live.untilEvents(1);
  await append();
  const [, fromLive] = await live.untilEvents(2);
  const replay = await api.watch(runId);
  const [, fromReplay] = await replay.untilEvents(2);
  const [, fromHistory] = await api.history(runId);
  assert.ok(fromLive && fromReplay && fromHistory);
  assertOneLine(live);
  assertOneLine(replay);
  return [fromLive, fromReplay, fromHistory];
}

function assertOneLine(watcher: Watcher): void {
  for (const frame of watcher.frames) {
    assert.equal(frame.lines.filter((line) => line.startsWith('data')).length, 1, 'data is on one line');
  }
}

/** Appends `data` and `metadata` as JSON text and expects them back everywhere as the same JSON value. */
async function comesBack(api: Client, dataText: string): Promise<void> {
  const run = await api.createRun();
  const body = `{"event":{"category":"llm","action":"stream"},"data":${dataText},"metadata":${dataText}}`;
  const got = await everywhere(api, run.id, async () => {
    expectStatus(await api.request('POST', `/runs/${run.id}/events`, { body }), 201);
  });
  const wanted = JSON.parse(dataText) as unknown;
  for (const { data, metadata } of got) {
    assert.deepEqual(data, wanted);
    assert.deepEqual(metadata ?? {}, wanted);
    assert.deepEqual(Object.keys(data).sort(), Object.keys(wanted as object).sort());
  }
}

export const values = defineSection("1 Conventions: the caller's values", (check) => {
  check('constructor, __proto__ and toString are ordinary keys', async ({ api }) => {
    await comesBack(api, OBJECT_WORDS);
    await comesBack(api, `{"nested":[${OBJECT_WORDS},{"deep":${OBJECT_WORDS}}]}`);
  });

  check('numbers come back as the doubles they are', async ({ api }) => {
    await comesBack(api, NUMBERS);
  });

  check(
    'line ends, NUL, U+2028, emoji, lone surrogates and lines like SSE come back as they went',
    async ({ api }) => {
      await comesBack(api, JSON.stringify(TEXTS));
    },
  );

  check('empty data comes back empty', async ({ api }) => {
    await comesBack(api, '{}');
  });

  check('data nested 100 deep comes back', async ({ api }) => {
    await comesBack(api, `{"a":${'['.repeat(100)}${']'.repeat(100)}}`);
  });

  check('1 MiB of data comes back', async ({ api }) => {
    const run = await api.createRun();
    const content = 'é\n👍 '.repeat(100_000);
    const got = await everywhere(api, run.id, async () => {
      await api.append(run.id, eventOf('llm.stream', { content }));
    });
    for (const { data } of got) assert.ok(data.content === content, 'the text is the same');
  });

  check("a run's input is the caller's too", async ({ api }) => {
    for (const text of [OBJECT_WORDS, NUMBERS, JSON.stringify(TEXTS)]) {
      const reply = await api.request('POST', '/runs', { body: `{"task":"x","input":${text}}` });
      const created = expectStatus(reply, 201).json<Run>();
      assert.deepEqual(created.input, JSON.parse(text));
      assert.deepEqual((await api.run(created.id)).input, JSON.parse(text));
    }
  });

  check("a run's result is the terminal event's, untouched", async ({ api }) => {
    const run = await api.createRun();
    const result = JSON.parse(OBJECT_WORDS) as unknown;
    await api.append(run.id, terminal('completed', { result }));
    assert.deepEqual((await api.run(run.id)).result, result);
  });

  check('a number that is not finite is refused wherever it stands', async ({ api }) => {
    const run = await api.createRun();
    const path = `/runs/${run.id}/events`;
    const event = '"event":{"category":"llm","action":"stream"}';
    const bodies: [string, string][] = [
      [path, `{${event},"data":{"a":{"b":[1,1e400]}}}`],
      [path, `{${event},"data":{"a":-1e999}}`],
      [path, `{${event},"data":{"a":${'9'.repeat(400)}}}`],
      [path, `{${event},"data":{},"metadata":{"a":1E+400}}`],
      ['/runs', '{"task":"x","input":{"a":1e400}}'],
    ];
    for (const [where, body] of bodies) {
      expectError(await api.request('POST', where, { body }), 400, 'VALIDATION_FAILED');
    }
    expectError(await api.postLines(run.id, `{${event},"data":{"a":1e400}}\n`), 400, 'VALIDATION_FAILED');
    assert.equal((await api.run(run.id)).sequence, 1);
  });

  check('text that only looks like a number that is not finite is taken', async ({ api }) => {
    await comesBack(api, `{"text":"1e400","digits":"${'9'.repeat(400)}","small":1e-400,"9e999":"\\"1e400"}`);
  });

  check('data, metadata and input that are no JSON objects are refused', async ({ api }) => {
    const run = await api.createRun();
    for (const value of [[], 'text', 7, true]) {
      const data = await api.post(run.id, { ...eventOf('llm.stream'), data: value });
      expectError(data, 400, 'VALIDATION_FAILED');
      const metadata = await api.post(run.id, { ...eventOf('llm.stream'), metadata: value });
      expectError(metadata, 400, 'VALIDATION_FAILED');
      const input = await api.request('POST', '/runs', { json: { task: 'x', input: value } });
      expectError(input, 400, 'VALIDATION_FAILED');
    }
    assert.equal((await api.run(run.id)).sequence, 1);
  });
});
