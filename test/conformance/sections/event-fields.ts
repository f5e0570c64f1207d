import assert from 'node:assert/strict';
import type { Client } from '../client.js';
import { idParts, numbered, type EventInput, type RecordedEvent } from '../model.js';
import { defineSection } from '../runner.js';
import { eachRefused } from './each-refused.js';

async function appendAndRead(api: Client, event: EventInput): Promise<RecordedEvent> {
  const run = await api.createRun();
  return api.stored(run.id, await api.append(run.id, event));
}

const withContext = (context: unknown): EventInput => numbered(1, { context });
const withSource = (source: unknown): EventInput => numbered(1, { source });

export const eventFields = defineSection('2 The event: timestamp, source and context', (check) => {
  check("without a timestamp it is the id's time", async ({ api }) => {
    const event = await appendAndRead(api, numbered(1));
    assert.equal(event.timestamp, new Date(idParts(event.id).ms).toISOString());
  });

  check("the producer's timestamp is kept, as UTC with milliseconds", async ({ api }) => {
    const cases: [string, string][] = [
      ['2026-11-21T17:01:19.123Z', '2026-11-21T17:01:19.123Z'],
      ['2026-11-21T17:01:19Z', '2026-11-21T17:01:19.000Z'],
      ['2026-11-21T17:01:19', '2026-11-21T17:01:19.000Z'],
      ['2026-11-21T17:01:19.5', '2026-11-21T17:01:19.500Z'],
      ['2026-11-21T17:01:19.123456', '2026-11-21T17:01:19.123Z'],
      ['2026-11-21T17:01:19.123456+00:00', '2026-11-21T17:01:19.123Z'],
      ['2026-11-21T17:01:19+02:00', '2026-11-21T15:01:19.000Z'],
      ['2026-11-21T01:01:19.250-05:30', '2026-11-21T06:31:19.250Z'],
    ];
    const run = await api.createRun();
    await api.append(
      run.id,
      cases.map(([timestamp]) => numbered(1, { timestamp })),
    );
    const [, ...log] = await api.history(run.id);
    assert.deepEqual(
      log.map(({ timestamp }, i) => [cases[i]?.[0], timestamp]),
      cases,
    );
  });

  check('a timestamp that is no time is refused', async (t) => {
    const bad = [
      'yesterday',
      '',
      '2026-13-01T00:00:00Z',
      '2026-02-30T00:00:00Z',
      '2026-01-01T25:00:00Z',
      1795279279000,
      {},
    ];
    await eachRefused(
      t,
      bad.map((timestamp) => numbered(1, { timestamp })),
      'VALIDATION_FAILED',
    );
  });

  check('source and context come back as given', async ({ api }) => {
    const source = { agent_id: 'a1', agent_type: 'worker', agent_name: 'Reviewer', team_name: 'Team Ä' };
    const context = {
      session_id: 's1',
      epic_id: 'e1',
      task_id: 't1',
      git_sha: 'abc123',
      mode: 'rlm',
      artifact_paths: ['a,b.txt', 'ü/c.txt'],
    };
    const event = await appendAndRead(api, numbered(1, { source, context, metadata: { k: ['v'] } }));
    assert.deepEqual(event.source, source);
    assert.deepEqual(event.context, context);
    assert.deepEqual(event.metadata, { k: ['v'] });
  });

  check('absent and null mean the same in source and context', async ({ api }) => {
    const absent = await appendAndRead(
      api,
      numbered(1, { source: { agent_id: 'a' }, context: { mode: 'normal' } }),
    );
    const explicit = await appendAndRead(
      api,
      numbered(1, {
        source: { agent_id: 'a', agent_type: null, agent_name: null, team_name: null },
        context: {
          session_id: null,
          epic_id: null,
          task_id: null,
          git_sha: null,
          mode: 'normal',
          artifact_paths: null,
        },
      }),
    );
    assert.deepEqual(explicit.source, absent.source);
    assert.deepEqual(explicit.context, absent.context);
    const none = await appendAndRead(api, numbered(1));
    const nulls = await appendAndRead(api, {
      ...numbered(1),
      source: null,
      context: null,
      metadata: null,
      timestamp: null,
      idempotency_key: null,
    });
    const empty = await appendAndRead(api, { ...numbered(1), context: { artifact_paths: [] }, metadata: {} });
    const said = ({ id, run_id, timestamp, ...rest }: RecordedEvent): object => rest;
    assert.deepEqual(said(nulls), said(none));
    assert.deepEqual(said(empty), said(none));
  });

  check('what has no value is not there, but for data', async ({ api }) => {
    const none = await appendAndRead(api, { event: { category: 'llm', action: 'stream' }, data: null });
    assert.deepEqual(Object.keys(none).sort(), [
      ...['data', 'event', 'id', 'run_id', 'sequence', 'tenant_id', 'timestamp'],
    ]);
    assert.deepEqual(none.data, {});
    const few = await appendAndRead(
      api,
      numbered(1, { source: { agent_id: 'a', team_name: null }, context: { task_id: 't', mode: null } }),
    );
    assert.deepEqual([few.source, few.context], [{ agent_id: 'a' }, { task_id: 't' }]);
    const inside = { nothing: null, list: [], object: {}, text: '' };
    const kept = await appendAndRead(api, numbered(1, { data: inside, metadata: inside }));
    assert.deepEqual([kept.data, kept.metadata], [inside, inside]);
  });

  check('a text that is empty is refused: leaving it out says that there is none', async (t) => {
    const names = ['agent_type', 'agent_name', 'team_name'];
    const fields = ['session_id', 'epic_id', 'task_id', 'git_sha', 'mode'];
    await eachRefused(
      t,
      [
        ...names.map((name) => withSource({ agent_id: 'a', [name]: '' })),
        ...fields.map((field) => withContext({ [field]: '' })),
      ],
      'VALIDATION_FAILED',
    );
  });

  check('a source without agent_id is refused', async (t) => {
    const bad = [{}, { agent_name: 'x' }, { agent_id: null }, { agent_id: 5 }, 'a1', ['a1']];
    await eachRefused(t, bad.map(withSource), 'VALIDATION_FAILED');
  });

  check('strings of source and context have at most 255 characters', async (t) => {
    const most = 'é'.repeat(255);
    const over = 'x'.repeat(256);
    const fields = ['session_id', 'epic_id', 'task_id', 'git_sha'];
    const names = ['agent_type', 'agent_name', 'team_name'];
    const good = numbered(1, {
      source: { agent_id: most, ...Object.fromEntries(names.map((name) => [name, most])) },
      context: Object.fromEntries(fields.map((field) => [field, most])),
    });
    assert.equal((await appendAndRead(t.api, good)).source?.agent_id, most);
    await eachRefused(
      t,
      [
        ...fields.map((field) => withContext({ [field]: over })),
        ...names.map((name) => withSource({ agent_id: 'a', [name]: over })),
        withSource({ agent_id: over }),
      ],
      'VALIDATION_FAILED',
    );
  });

  check('a context has at most 100 paths of 1024 characters, and a mode of normal or rlm', async (t) => {
    const path = 'p'.repeat(1024);
    const paths = Array.from({ length: 100 }, () => path);
    const event = await appendAndRead(t.api, withContext({ artifact_paths: paths }));
    assert.deepEqual(event.context?.artifact_paths, paths);
    await eachRefused(
      t,
      [
        withContext({ artifact_paths: [...paths, 'one more'] }),
        withContext({ artifact_paths: [`${path}p`] }),
        withContext({ artifact_paths: 'a.txt' }),
        withContext({ artifact_paths: [5] }),
        withContext({ mode: 'fast' }),
        withContext({ session_id: 5 }),
        withContext('s1'),
      ],
      'VALIDATION_FAILED',
    );
  });
});
