import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { expectError, expectStatus, lines, type Client } from '../client.js';
import { eventOf, numbered, numberedRange, terminal, type AppendReply, type ErrorBody } from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences } from '../watcher.js';

interface LineDetails {
  line: number;
  count: number;
  duplicates: number;
  last_id: string | null;
}

function lineDetails({ details }: ErrorBody): LineDetails {
  assert.ok(details && typeof details === 'object', `details is missing: ${JSON.stringify(details)}`);
  return details as LineDetails;
}

/** The numbers in the data of the run's events, without `lifecycle.started`. */
async function numbers(api: Client, runId: string): Promise<unknown[]> {
  const [, ...log] = await api.history(runId);
  return log.map(({ data }) => data.n);
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A bad line and the error that it must get. */
const BAD_LINES: [string, string | Buffer, number, string][] = [
  ['no JSON', '{"event":', 400, 'VALIDATION_FAILED'],
  ['an array', lines([[numbered(1)]]).trim(), 400, 'VALIDATION_FAILED'],
  ['a broken schema', lines([{ ...numbered(1), typo: 1 }]).trim(), 400, 'VALIDATION_FAILED'],
  ['an unknown type', lines([eventOf('zz_nosuch.thing')]).trim(), 400, 'UNKNOWN_EVENT_TYPE'],
  [
    'not UTF-8',
    Buffer.from('{"event":{"category":"llm","action":"stream"},"data":{"t":"\xff"}}', 'latin1'),
    400,
    'VALIDATION_FAILED',
  ],
  ['too large', lines([eventOf('llm.stream', { c: 'x'.repeat(1_100_000) })]).trim(), 413, 'EVENT_TOO_LARGE'],
];

export const appendNdjson = defineSection('3.1 Append: NDJSON', (check) => {
  check('lines are stored in order and answered with 200', async ({ api }) => {
    const run = await api.createRun();
    const answer = await api.appendLines(run.id, numberedRange(1, 50));
    assert.equal(answer.run_id, run.id);
    assert.equal(answer.count, 50);
    assert.equal(answer.duplicates, 0);
    const log = await api.history(run.id);
    assertSequences(log, 1, 51);
    assert.equal(answer.last_id, log.at(-1)?.id);
    assert.deepEqual(await numbers(api, run.id), range(1, 50));
  });

  check('there may be more than 1000 lines', async ({ api, needsEvents }) => {
    needsEvents(3001);
    const run = await api.createRun();
    assert.equal((await api.appendLines(run.id, numberedRange(1, 3000))).count, 3000);
    assert.deepEqual(await numbers(api, run.id), range(1, 3000));
  });

  check(
    'it is not limited in all: more than MAX_REQUEST_BYTES go in one request',
    async ({ api, limits }) => {
      const run = await api.createRun();
      const c = 'x'.repeat(1_000_000);
      const count = Math.min(20, Math.ceil((limits.maxRequestBytes * 1.2) / c.length));
      assert.equal(
        (
          await api.appendLines(
            run.id,
            range(1, count).map((n) => eventOf('llm.stream', { n, c })),
          )
        ).count,
        count,
      );
      assert.equal((await api.run(run.id)).sequence, count + 1);
    },
  );

  check('the last line needs no line end, and CRLF ends a line too', async ({ api }) => {
    const run = await api.createRun();
    const [one, two, three] = numberedRange(1, 3).map((event) => JSON.stringify(event));
    const reply = await api.postLines(run.id, `${one}\r\n${two}\n${three}`);
    assert.equal(expectStatus(reply, 200).json<AppendReply>().count, 3);
    assert.deepEqual(await numbers(api, run.id), [1, 2, 3]);
  });

  check('events are taken up while the request is still being sent', async ({ api }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id);
    const upload = api.openUpload(run.id);
    for (const n of [1, 2, 3]) {
      upload.request.write(lines([numbered(n)]));
      await watcher.untilEvents(n + 1);
    }
    assert.equal((await api.run(run.id)).sequence, 4, 'all three are stored and the request is still open');
    upload.request.end(lines([terminal()]));
    assert.equal((await upload.response).statusCode, 200);
    await watcher.untilControl('close');
  });

  check('a character cut between two packets is put together again', async ({ api }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id);
    const upload = api.openUpload(run.id);
    const bytes = Buffer.from(lines([numbered(1), eventOf('llm.stream', { text: '👍é' })]));
    const cut = bytes.indexOf(Buffer.from('👍')) + 2;
    upload.request.write(bytes.subarray(0, cut));
    await watcher.untilEvents(2);
    upload.request.end(bytes.subarray(cut));
    await watcher.untilEvents(3);
    assert.equal(watcher.events[2]?.data.text, '👍é');
  });

  for (const [what, bad, status, code] of BAD_LINES) {
    check(`a line that is bad (${what}): all before it are stored, none after`, async ({ api }) => {
      const run = await api.createRun();
      const body = Buffer.concat([
        Buffer.from(lines(numberedRange(1, 4))),
        Buffer.from(bad),
        Buffer.from(`\n${lines(numberedRange(6, 8))}`),
      ]);
      const details = lineDetails(expectError(await api.postLines(run.id, body), status, code));
      const log = await api.history(run.id);
      assert.deepEqual(await numbers(api, run.id), [1, 2, 3, 4]);
      assert.equal(details.line, 5);
      assert.equal(details.count, 4);
      assert.equal(details.duplicates, 0);
      assert.equal(details.last_id, log.at(-1)?.id);
    });
  }

  check('a bad line far on: every line before it is stored', async ({ api, needsEvents }) => {
    needsEvents(1500);
    const run = await api.createRun();
    const body = `${lines(numberedRange(1, 1234))}nonsense\n${lines(numberedRange(1236, 2000))}`;
    const details = lineDetails(expectError(await api.postLines(run.id, body), 400, 'VALIDATION_FAILED'));
    assert.equal(details.line, 1235);
    assert.equal(details.count, 1234);
    assert.deepEqual(await numbers(api, run.id), range(1, 1234));
  });

  check('a client that is still sending gets the reason why its upload was refused', async ({ api }) => {
    const run = await api.createRun();
    const rest = lines([eventOf('llm.stream', { c: 'x'.repeat(500_000) })]).repeat(20);
    for (const connection of ['keep-alive', 'close', 'keep-alive', 'close']) {
      const reply = await api.postLines(run.id, `nonsense\n${rest}`, { connection });
      assert.equal(lineDetails(expectError(reply, 400, 'VALIDATION_FAILED')).line, 1);
    }
    assert.equal((await api.run(run.id)).sequence, 1);
  });

  check('a bad first line stores nothing', async ({ api }) => {
    const run = await api.createRun();
    const reply = await api.postLines(run.id, `nonsense\n${lines([numbered(1)])}`);
    const details = lineDetails(expectError(reply, 400, 'VALIDATION_FAILED'));
    assert.equal(details.line, 1);
    assert.equal(details.count, 0);
    assert.equal(details.last_id ?? null, null);
    assert.equal((await api.run(run.id)).sequence, 1);
  });

  check('a line after the terminal event is RUN_ENDED, and the end stands', async ({ api }) => {
    const run = await api.createRun();
    const body = lines([numbered(1), terminal(), numbered(2), numbered(3)]);
    const details = lineDetails(expectError(await api.postLines(run.id, body), 409, 'RUN_ENDED'));
    assert.equal(details.line, 3);
    assert.equal(details.count, 2);
    const now = await api.run(run.id);
    assert.equal(now.status, 'completed');
    assert.equal(now.sequence, 3);
  });

  check(
    'a request cut in the middle leaves what had arrived in lines ended by a newline',
    async ({ api }) => {
      const run = await api.createRun();
      const upload = api.openUpload(run.id);
      const whole = JSON.stringify(numbered(3));
      // The third line is complete JSON: only its missing newline says that it may not be all.
      upload.request.write(lines(numberedRange(1, 2)) + whole);
      const watcher = await api.watch(run.id);
      await watcher.untilEvents(3);
      upload.request.destroy();
      await api.run(run.id, { wait_seconds: 1 });
      const { sequence } = await api.run(run.id);
      assert.equal(sequence, 3, 'sequence says where to go on');
      await api.appendLines(run.id, [numbered(3), numbered(4)], { 'expected-sequence': String(sequence) });
      assert.deepEqual(await numbers(api, run.id), [1, 2, 3, 4]);
    },
  );

  check(
    'lines with keys that the run has are duplicates, so a cut request can be sent again',
    async ({ api }) => {
      const run = await api.createRun();
      const keyed = range(1, 10).map((n) => numbered(n, { idempotency_key: `k${n}` }));
      await api.appendLines(run.id, keyed.slice(0, 6));
      const answer = await api.appendLines(run.id, keyed);
      assert.equal(answer.duplicates, 6);
      assert.deepEqual(await numbers(api, run.id), range(1, 10));
      assert.equal(answer.last_id, (await api.history(run.id)).at(-1)?.id);
    },
  );

  check('the retry of lines that ended the run is all duplicates', async ({ api }) => {
    const run = await api.createRun();
    const keyed = [
      numbered(1, { idempotency_key: 'a' }),
      terminal('completed', {}, { idempotency_key: 'b' }),
    ];
    const first = await api.appendLines(run.id, keyed);
    const again = await api.appendLines(run.id, keyed);
    assert.equal(again.duplicates, 2);
    assert.equal(again.last_id, first.last_id);
  });

  check('lines to a run that has ended are RUN_ENDED', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, terminal());
    expectError(await api.postLines(run.id, lines([numbered(1)])), 409, 'RUN_ENDED');
  });

  check('the route for NDJSON alone takes lines, and nothing else', async ({ api }) => {
    const run = await api.createRun();
    const text = lines([numbered(1), numbered(2)]);
    const answer = expectStatus(await api.postToLines(run.id, text), 200).json<AppendReply>();
    assert.deepEqual([answer.run_id, answer.count, answer.duplicates], [run.id, 2, 0]);
    const one = JSON.stringify(numbered(3));
    expectError(await api.postToLines(run.id, one, 'application/json'), 415, 'UNSUPPORTED_MEDIA_TYPE');
    assert.deepEqual(await numbers(api, run.id), [1, 2]);
  });

  check('Idempotency-Key is refused with NDJSON, and nothing is stored', async ({ api }) => {
    const run = await api.createRun();
    const headers = { 'idempotency-key': randomUUID() };
    expectError(await api.postLines(run.id, lines([numbered(1)]), headers), 400, 'VALIDATION_FAILED');
    assert.equal((await api.run(run.id)).sequence, 1);
  });

  check('Expected-Sequence holds for the first batch', async ({ api, needsEvents }) => {
    needsEvents(600);
    const run = await api.createRun();
    const many = await api.appendLines(run.id, numberedRange(1, 500), { 'expected-sequence': '1' });
    assert.equal(many.count, 500);
    const reply = await api.postLines(run.id, lines([numbered(1)]), { 'expected-sequence': '1' });
    expectError(reply, 409, 'SEQUENCE_CONFLICT');
    assert.equal((await api.run(run.id)).sequence, 501);
  });

  check('with Expected-Sequence too, a retry of lines with keys is a duplicate', async ({ api }) => {
    const run = await api.createRun();
    const keyed = range(1, 3).map((n) => numbered(n, { idempotency_key: `k${n}` }));
    await api.appendLines(run.id, keyed, { 'expected-sequence': '1' });
    assert.equal((await api.appendLines(run.id, keyed, { 'expected-sequence': '1' })).duplicates, 3);
  });

  check('two long uploads to one run: each keeps its own order', async ({ api, needsEvents }) => {
    needsEvents(1001);
    const run = await api.createRun();
    const upload = (who: string) =>
      api.appendLines(
        run.id,
        range(1, 500).map((n) => eventOf('llm.stream', { who, n })),
      );
    await Promise.all([upload('a'), upload('b')]);
    const [, ...log] = await api.history(run.id);
    assertSequences(log, 2, 1001);
    for (const who of ['a', 'b']) {
      const own = log.filter(({ data }) => data.who === who);
      assert.deepEqual(
        own.map(({ data }) => data.n),
        range(1, 500),
      );
    }
  });
});
