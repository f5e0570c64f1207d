import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestExecutors, type TestExecutors, typeOf } from '../../../test/support/executors.js';
import { eventually } from '../../../test/support/eventually.js';
import type { EventInput, JsonObject } from '../../events/index.js';

const START = Date.parse('2026-01-01T00:00:00.000Z');

/** An event so many milliseconds after the beginning. */
function at(ms: number, type: string, data: JsonObject = {}, more: Partial<EventInput> = {}): EventInput {
  const [category = '', action = ''] = type.split('.');
  return { timestamp: new Date(START + ms).toISOString(), event: { category, action }, data, ...more };
}

describe('The replay executor', () => {
  let folder: string;
  let one: TestExecutors;
  const record = (name: string, events: readonly (EventInput | string)[]) =>
    writeFile(
      join(folder, `${name}.ndjson`),
      events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event))).join('\n'),
    );
  const refusalOf = (input: JsonObject): unknown => {
    try {
      one.registry.assertAccepts('replay', input);
    } catch (error) {
      return (error as { details: unknown }).details;
    }
    return undefined;
  };

  beforeAll(async () => {
    const outside = await mkdtemp(join(tmpdir(), 'runstream-test-'));
    folder = join(outside, 'recordings');
    await mkdir(folder);
    await writeFile(join(outside, 'secret.ndjson'), '{}');
    await symlink(join(outside, 'secret.ndjson'), join(folder, 'link.ndjson'));
    await record('talk', [
      at(0, 'agent.started', {}, { source: { agent_id: 'a1' } }),
      at(100, 'llm.stream', { content: 'one' }, { metadata: { n: 1 }, idempotency_key: 'same' }),
      at(400, 'llm.stream', { content: 'two' }, { idempotency_key: 'same' }),
    ]);
    one = await createTestExecutors({ recordingsDir: folder });
  });
  afterAll(async () => {
    await one.close();
    await rm(join(folder, '..'), { recursive: true });
  });

  it('plays the events of a recording by its timestamps', async () => {
    const run = await one.execute('replay', { recording: 'talk' });
    expect(run).toMatchObject({ status: 'completed', result: { events: 3 } });
    const [started, first, second, third] = await one.events(run.id);
    expect(first).toMatchObject({
      event: { category: 'agent', action: 'started' },
      source: { agent_id: 'a1' },
    });
    expect(second).toMatchObject({ data: { content: 'one' }, metadata: { n: 1 } });
    expect(third).toMatchObject({ data: { content: 'two' } });
    const msOf = (id = ''): number => Number(id.split('-')[0]);
    // Counted from the beginning: on a busy machine the first event is late, and the others are not.
    expect(msOf(second?.id) - msOf(started?.id)).toBeGreaterThan(80);
    expect(msOf(third?.id) - msOf(started?.id)).toBeGreaterThan(380);
    // It is a new run: its events happen now.
    expect(Date.parse(first?.timestamp ?? '')).toBeGreaterThan(START + 86_400_000);
  });

  it('plays it faster, and as fast as it goes', async () => {
    const long = Array.from({ length: 1000 }, (_, i) => at(i * 60_000, 'log.stdout', { line: String(i) }));
    await record('long', long);
    for (const speed of ['max', 0, 1_000_000]) {
      const run = await one.execute('replay', { recording: 'long', speed });
      expect(run).toMatchObject({ status: 'completed', result: { events: 1000 } });
      const lines = (await one.events(run.id)).slice(1, -1).map(({ data }) => Number(data['line']));
      expect(lines).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    }
  });

  it('ends as the recorded run ended', async () => {
    await record('good', [
      at(0, 'lifecycle.started'),
      at(0, 'log.stdout', { line: 'x' }),
      at(0, 'lifecycle.completed', { result: 42 }, { source: { agent_id: 'a1' } }),
      at(0, 'lifecycle.completed', { result: 43 }),
    ]);
    await record('bad', [at(0, 'lifecycle.failed', { error: 'as recorded' })]);
    const good = await one.execute('replay', { recording: 'good' });
    expect(good).toMatchObject({ status: 'completed', result: 43 });
    expect((await one.events(good.id)).map(typeOf)).toEqual([
      'lifecycle.started',
      'log.stdout',
      'lifecycle.completed',
      'lifecycle.completed',
    ]);
    expect(await one.execute('replay', { recording: 'bad' })).toMatchObject({
      status: 'failed',
      error: 'as recorded',
    });
  });

  it('stops when it is cancelled', async () => {
    await record('slow', [at(0, 'log.stdout', { line: '1' }), at(3_600_000, 'log.stdout', { line: '2' })]);
    const id = await one.createRun('replay', { recording: 'slow' });
    await eventually('it plays', async () => (await one.runs.get(one.tenant, id)).sequence === 2);
    await one.cancel(id);
    await one.idle();
    expect((await one.events(id)).map(typeOf)).toEqual([
      'lifecycle.started',
      'log.stdout',
      'lifecycle.cancelled',
    ]);
  });

  it('says which line can not be played', async () => {
    await record('broken', [at(0, 'log.stdout', { line: 'x' }), '{"event":']);
    expect(await one.execute('replay', { recording: 'broken' })).toMatchObject({
      status: 'failed',
      error: 'line 2 of the recording is not an event',
    });
  });

  it('J28 reads a recording as an upload is read', async () => {
    const event = (line: string) => JSON.stringify(at(0, 'log.stdout', { line }));
    const text = `\ufeff${event('bom')}\r\n\r\n   \n${event('line\u2028separator')}\n${event('no end')}`;
    await writeFile(join(folder, 'odd.ndjson'), text);
    const run = await one.execute('replay', { recording: 'odd', speed: 'max' });
    expect(run).toMatchObject({ status: 'completed', result: { events: 3 } });
    const said = (await one.events(run.id)).slice(1, -1).map(({ data }) => data['line']);
    expect(said).toEqual(['bom', 'line\u2028separator', 'no end']);
  });

  it.each<[string, string | Buffer, string]>([
    ['bytes that are no UTF-8', Buffer.from('"\xff"', 'latin1'), 'UTF-8'],
    ['a number that no double holds', '{"a":1e400}', 'a: a number too large'],
    ['too deep a nesting', '['.repeat(1000) + ']'.repeat(1000), 'nested deeper'],
    ['an array', '[]', 'JSON object'],
    ['a text', '"text"', 'JSON object'],
  ])('J28 says in which line there are %s', async (_, bad, reason) => {
    const good = Buffer.from(`${JSON.stringify(at(0, 'log.stdout', { line: 'x' }))}\n\n`);
    await writeFile(join(folder, 'bad-line.ndjson'), Buffer.concat([good, Buffer.from(bad)]));
    const run = await one.execute('replay', { recording: 'bad-line', speed: 'max' });
    expect(run).toMatchObject({ status: 'failed', error: 'line 3 of the recording is not an event' });
    const details = (await one.events(run.id)).at(-1)?.data['details'];
    expect(details).toMatchObject({ line: 3, reason: expect.stringContaining(reason) });
  });

  it('takes names of recordings only, and says so before the run is created', () => {
    expect(refusalOf({ recording: 'talk', speed: 2 })).toBeUndefined();
    const names = [
      '../secret',
      '/etc/passwd',
      'link',
      '.',
      '..',
      '',
      'talk.ndjson',
      'talk\0',
      'none',
      5,
      null,
    ];
    for (const recording of names) {
      expect([recording, refusalOf({ recording })]).toEqual([
        recording,
        [{ path: 'input.recording', message: expect.stringContaining('talk') }],
      ]);
    }
    expect(refusalOf({ recording: 'talk', speed: -1 })).toMatchObject([{ path: 'input.speed' }]);
    expect(refusalOf({ recording: 'talk', speed: '2' })).toMatchObject([{ path: 'input.speed' }]);
    expect(refusalOf({ recording: 'talk', path: '/' })).toMatchObject([{ path: 'input.path' }]);
  });

  it('and without a folder says how to have one', async () => {
    const two = await createTestExecutors();
    expect(() => two.registry.assertAccepts('replay', { recording: 'talk' })).toThrow('RECORDINGS_DIR');
    await two.close();
  });
});
