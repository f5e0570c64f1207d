import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { DashboardModule } from '../../src/dashboard/index.js';
import { type Executor, RunExecutor, type RunExecution } from '../../src/executors/index.js';
import type { EventInput } from '../conformance/model.js';
import { Client } from '../conformance/client.js';
import { startApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import { findRecordings } from '../support/recordings.js';
import { type Service, type Serving, startService } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';
import { RunScene } from './run-scene.js';
import { describeInBrowser } from './visit.js';

const bed = new TestBed();
const scene = new RunScene();

let service: Serving;
let api: Client;

/** As recordings have it. */
interface Said extends EventInput {
  event: { category: string; action: string };
  data: Record<string, unknown>;
}

function event(type: string, data: EventInput['data'], agent?: string): EventInput {
  const [category = '', action = ''] = type.split('.');
  return { event: { category, action }, data, ...(agent !== undefined && { source: { agent_id: agent } }) };
}

const numbered = (from: number, to: number): EventInput[] =>
  Array.from({ length: to - from + 1 }, (_, at) => event('log.stdout', { line: `line ${from + at}` }));

/** A gate: it waits until somebody decides. */
@RunExecutor('ship')
class ShipExecutor implements Executor {
  async execute(run: RunExecution): Promise<unknown> {
    await run.emit('gate.requested', { question: 'Ship the shop?' });
    const { event: answer, data } = await run.waitFor('gate.approved,gate.rejected');
    if (answer.action === 'rejected') throw new Error(`Rejected by ${String(data['by'])}.`);
    return data['by'];
  }
}

@Module({ imports: [DashboardModule.forRoot()], providers: [ShipExecutor] })
class ShipModule {}

describeInBrowser('the page of a run', () => {
  beforeAll(async () => {
    [service] = await Promise.all([bed.serveHere({ EVENT_MAX_LENGTH: '100' }), scene.open()]);
    api = bed.client(service);
  });
  afterEach(async () => {
    expect(scene.complaints).toEqual([]);
    await scene.leave();
  });
  afterAll(async () => {
    await scene.close();
    await bed.close();
  });

  it('N1 says how many events are missing, for good, and never that all are held', async () => {
    const { id } = await api.createRun({ task: 'trimmed' });
    await api.appendLines(id, numbered(2, 400));
    const kept = (await api.history(id)).length;
    expect(kept).toBeLessThan(400);
    const gone = new RegExp(`▲ ${400 - kept} events \\(1…${400 - kept}\\) are no longer kept`);
    const run = await scene.visit(service.url, `runs/${id}`);
    await run.says(gone, run.held);
    await run.says(new RegExp(`${kept} of 400 events`), run.held);
    await run.page.keyboard.press('k');
    for (const view of ['Story', 'All events']) {
      await run.button(view).click();
      await run.page.getByRole('grid', { name: view }).waitFor();
      await run.toTop();
      await run.row(gone).waitFor();
    }
    // What comes later does not take the place of what is missing.
    await api.append(id, [...numbered(401, 402), event('lifecycle.completed', {})]);
    await run.says(/■ ended/);
    await run.says(gone, run.held);
    expect(await run.held.textContent()).not.toMatch(/all held/);
    expect(await run.held.locator('.whole').count()).toBe(0);
  });

  it('N5 opens a failed run with its error, its id, times, who said what, and how to share it', async () => {
    const { id } = await api.createRun({ task: 'Deploy the shop', labels: { team: 'web' } });
    const error = { message: 'exit code 1', stack: 'Error: exit code 1\n    at deploy (deploy.js:12)' };
    await api.append(id, [
      event('llm.stream', { content: 'I deploy' }, 'coder-1'),
      event('lifecycle.failed', { error }),
    ]);
    const run = await scene.visit(service.url, `runs/${id}`);
    await run.says(/✕ failed/);
    const top = run.page.getByRole('region', { name: 'Error' });
    expect(await top.locator('pre').textContent()).toBe(error.stack);
    await run.says(/3 events, all held/);
    for (const shown of [id, 'Deploy the shop', 'team: web', 'coder-1']) await run.says(new RegExp(shown));
    expect(await run.page.title()).toBe('✕ Deploy the shop · Runstream');
    expect(await run.row('I deploy').locator('.time').textContent()).toMatch(/^\d\d:\d\d:\d\d$/);
    // Nothing of it is green, and it can't be cancelled any more.
    expect(await run.page.locator('.status').getAttribute('class')).toBe('status failed');
    expect(await run.button('Cancel').count()).toBe(0);
    expect(await run.button('Copy id').count()).toBe(1);
  });

  it('reads a recorded run as a story, of which each row can be opened', async () => {
    const big = await bed.serveHere();
    const client = bed.client(big);
    for (const { name, events: recorded } of findRecordings()) {
      const events = recorded as Said[];
      const { id } = await client.createRun({ task: name });
      await client.appendLines(id, events);
      const total = (await client.run(id)).sequence;
      const run = await scene.visit(big.url, `runs/${id}`);
      await run.says(/events, all held/);
      const rows = await run.rowCount();
      expect(rows).toBeLessThan(total / 2);
      await run.toTop();
      const joined = run.page
        .getByRole('row')
        .filter({ has: run.page.locator('.said') })
        .first();
      await joined.click();
      const shown = await run.inspector.locator('section pre').first().textContent();
      // Texts of an agent from one event of another type to the next, as they were said.
      const first = events.findIndex(
        ({ event: { action } }) => action === 'stream' || action === 'reasoning',
      );
      const after = events.findIndex(
        ({ event: { action } }, at) => at > first && action !== events[first]?.event.action,
      );
      const text = events.slice(first, after).map(({ data }) => String(data['content']));
      expect(shown).toBe(text.join(''));
      await scene.leave();
    }
  });

  it('pairs tools with their results, and says where there is none', async () => {
    const { id } = await api.createRun();
    await api.append(id, [
      event(
        'llm.tool_call',
        { tool_name: 'bash', arguments: { command: 'npm test' }, tool_call_id: 'a' },
        'x',
      ),
      event('llm.tool_call', { tool_name: 'edit', arguments: { command: 'edit 1' }, tool_call_id: 'b' }, 'x'),
      event('llm.tool_result', { tool_name: 'bash', error: 'exit code 2', tool_call_id: 'a' }, 'x'),
      event('log.stderr', { line: 'oops' }, 'x'),
    ]);
    const run = await scene.visit(service.url, `runs/${id}`);
    await run.row(/bash.*npm test.*✕ error/).click();
    await run.says(/Call 2[^]*npm test[^]*Result 4[^]*exit code 2/, run.inspector);
    await run.row(/edit.*no result/).waitFor();
    await api.append(
      id,
      event('llm.tool_result', { tool_name: 'edit', result: 'done', tool_call_id: 'b' }, 'x'),
    );
    await run.row(/edit.*✓ ok/).waitFor();
    expect(run.page.url()).toMatch(/\?e=2$/);
  });

  it('shows a log with its colours and its lines, and where it went wrong', async () => {
    const { id } = await api.createRun();
    await api.append(id, [
      event('log.stdout', { line: '\u001b[32mgreen\u001b[0m plain \u001b]0;title\u0007' }),
      event('log.stderr', { line: 'first\nsecond' }),
      event('log.stdout', { line: 'wide '.repeat(400) }),
      event('llm.stream', { content: 'no log' }),
    ]);
    const run = await scene.visit(service.url, `runs/${id}?view=log`);
    const green = run.row('green').locator('.fg-green');
    expect(await green.textContent()).toBe('green');
    expect(await run.row('green').locator('.what').textContent()).toBe('green plain \\u001b]0;title\\u0007');
    await run.row(/err\s*first/).waitFor();
    await run.row('second').waitFor();
    const wrapped = await run.rowCount();
    expect(wrapped).toBeGreaterThan(6);
    await run.button('Wrap').click();
    await eventually('long lines are one row', async () => (await run.rowCount()) === 4);
    await run.button('Times').click();
    expect(await run.row('green').locator('.time').count()).toBe(0);
  });

  it('finds a text in whatever case, counts exactly, and goes from one to the next', async () => {
    const { id } = await api.createRun();
    await api.appendLines(id, numbered(2, 60));
    const run = await scene.visit(service.url, `runs/${id}?view=all`);
    await run.says(/60 events, all held/);
    await run.search('LINE 1');
    await run.says(/^10 found$/, run.page.locator('.found'));
    await run.page.keyboard.press('Enter');
    await run.says(/^1 of 10$/, run.page.locator('.found'));
    await run.says(/line 10/, run.inspector);
    await run.button('Previous match').click();
    await run.says(/^10 of 10$/, run.page.locator('.found'));
    await run.says(/line 19/, run.inspector);
    await api.append(id, numbered(100, 101));
    await run.says(/^10 of 12$/, run.page.locator('.found'));
    await run.page.getByRole('searchbox').fill('(nothing');
    await run.says(/^not found$/, run.page.locator('.found'));
  });

  it('keeps the place of a reader, and says what is new', async () => {
    const { id } = await api.createRun();
    await api.appendLines(id, numbered(2, 90));
    const run = await scene.visit(service.url, `runs/${id}?view=all&e=40`);
    await run.row('line 40').and(run.page.locator('.selected')).waitFor();
    await api.append(id, numbered(91, 93));
    await run.button('3 new events ↓').waitFor();
    expect(await run.row('line 40').isVisible()).toBe(true);
    await run.button('3 new events ↓').click();
    await run.row('line 93').waitFor();
    await api.append(id, numbered(94, 94));
    await run.row('line 94').waitFor();
  });

  it('works without a mouse', async () => {
    const { id } = await api.createRun({ task: 'by keys' });
    await api.append(id, [
      event('agent.error', { error: 'first trouble' }, 'a'),
      ...numbered(3, 20),
      event('agent.error', { error: 'second trouble' }, 'a'),
      ...numbered(22, 30),
    ]);
    const run = await scene.visit(service.url, `runs/${id}`);
    await run.says(/30 events, all held/);
    await run.page.keyboard.press('[');
    await run.says(/second trouble/, run.inspector);
    await run.page.keyboard.press('[');
    await run.says(/first trouble/, run.inspector);
    await run.page.keyboard.press('j');
    await run.says(/line 3/, run.inspector);
    await run.page.keyboard.press('ArrowUp');
    await run.page.keyboard.press('Enter');
    expect(await run.focused()).toBe('Inspector');
    await run.page.keyboard.press('Escape');
    await run.inspector.waitFor({ state: 'detached' });
    expect(run.page.url()).not.toMatch(/e=/);
    await run.page.keyboard.press('G');
    await run.row('line 30').waitFor();
    // In a field a key is a letter.
    await run.search('jx');
    expect(await run.page.getByRole('searchbox').inputValue()).toBe('jx');
    await run.page.keyboard.press('Escape');
    await run.page.keyboard.press('x');
    const dialog = run.page.getByRole('dialog', { name: 'Cancel this run?' });
    await dialog.waitFor();
    await run.page.keyboard.type('no need');
    await run.page.keyboard.press('Enter');
    await run.says(/⊘ cancelled/);
    expect(await api.run(id)).toMatchObject({ status: 'cancelled' });
    expect((await api.history(id)).at(-1)?.data).toMatchObject({ reason: 'no need' });
  });

  it('says what is left of a run whose events have expired', async () => {
    const brief = await bed.serveHere({ EVENT_TTL_SECONDS: '1' });
    const client = bed.client(brief);
    const { id } = await client.createRun({ task: 'long ago' });
    await client.append(id, [...numbered(2, 4), event('lifecycle.completed', { result: 'fine' })]);
    await eventually(
      'its events are gone',
      async () => (await client.get(`/runs/${id}/events`)).status === 410,
    );
    const run = await scene.visit(brief.url, `runs/${id}`);
    await run.says(/✓ completed/);
    await run.says(/They were kept until/);
    await run.says(/log\.stdout\s*3/);
    await run.says(/5 events, no longer kept/, run.held);
    expect(await run.held.locator('.whole').count()).toBe(0);
  });

  it('says that a run was deleted while it is watched, and that there is none', async () => {
    const { id } = await api.createRun({ task: 'soon gone' });
    const run = await scene.visit(service.url, `runs/${id}`);
    await run.says(/● live/);
    await api.request('DELETE', `/runs/${id}`);
    await run.says(/This run was deleted/);
    expect(await run.page.getByRole('grid').count()).toBe(0);
    await run.page.reload();
    await run.says(new RegExp(`There is no run ${id}`));
    await run.page.getByRole('main').getByRole('link', { name: 'All runs' }).click();
    await run.page.getByRole('heading', { name: 'Runs' }).waitFor();
  });

  it('deletes a run, which it asks first', async () => {
    const { id } = await api.createRun({ task: 'not needed' });
    const run = await scene.visit(service.url, `runs/${id}`);
    await run.page.getByLabel('More about this run').click();
    await run.button('Delete…').click();
    await run.button('Go back').click();
    expect((await api.run(id)).id).toBe(id);
    await run.button('Delete…').click();
    await run.button('Delete the run').click();
    await run.says(/This run was deleted/);
    expect((await api.get(`/runs/${id}`)).status).toBe(404);
  });

  it('shows all of the log after the service was restarted', async () => {
    const first = await startService({ SSE_RETRY_MS: '100' });
    const port = new URL(first.url).port;
    bed.onClose(() => first.stop());
    const { id } = await api.createRun();
    await api.append(id, numbered(2, 5));
    const run = await scene.visit(first.url, `runs/${id}?view=all`);
    await run.says(/● live/);
    await first.stop();
    await run.says(/reconnecting/);
    await api.append(id, numbered(6, 30));
    const second: Service = await bed.startService({ PORT: port, SSE_RETRY_MS: '100' });
    await run.says(/30 events, all held/);
    await run.says(/● live/);
    const log = await bed.client(second).history(id);
    await run.toTop();
    await run.row('lifecycle.started').waitFor();
    const rows = await run.rowTexts();
    expect(rows.map((text) => Number(/^\d+/.exec(text)?.[0]?.slice(0, -2)))).toHaveLength(log.length);
    expect(await run.rowCount()).toBe(log.length);
  });

  it('goes on reading what came before when the service was away meanwhile', async () => {
    const big = await bed.serveHere();
    const client = bed.client(big);
    const { id } = await client.createRun();
    await client.appendLines(id, numbered(2, 3000));
    const run = await scene.visit(big.url, '');
    let asked = 0;
    await run.page.route(/events\?.*end_id=/, (route) =>
      ++asked === 1 ? route.fulfill({ status: 502, body: 'Bad Gateway' }) : route.continue(),
    );
    await run.page.goto(`${big.url}/#/runs/${id}?view=all`);
    await run.says(/3\u202f000 events, all held/, run.held);
    expect(asked).toBeGreaterThan(1);
    await run.toTop();
    await run.row('lifecycle.started').waitFor();
  });

  it('says that the log is another one when Redis has lost events, and shows that one', async () => {
    const redis = await bed.startRedis({ appendOnly: true });
    const own = await bed.serveHere({ REDIS_URL: redis.url, SSE_RETRY_MS: '100' });
    const client = bed.client(own);
    const { id } = await client.createRun();
    await client.append(id, numbered(2, 5));
    const bytes = await redis.logBytes();
    await client.append(id, numbered(6, 9));
    const run = await scene.visit(own.url, `runs/${id}?view=all`);
    await run.says(/9 events, all held/);
    await redis.kill();
    await redis.takeBack(bytes);
    await redis.restart();
    await eventually('it takes events again', async () => {
      const reply = await client.post(id, event('log.stdout', { line: 'instead' }));
      return reply.status === 201;
    });
    await run.says(/the log is another one than before/, run.held);
    await run.row('instead').waitFor();
    const { sequence } = await client.run(id);
    await eventually('all of it, and no more', async () => (await run.rowCount()) === sequence);
    expect(await run.row('line 9').count()).toBe(0);
  });

  it('says of a pending run that no live instance has its executor', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runstream-run-page-'));
    bed.onClose(() => rm(folder, { recursive: true }));
    const commandsFile = join(folder, 'commands.json');
    await writeFile(commandsFile, JSON.stringify({ lint: { argv: ['true'] } }));
    const executors = { enabled: false, commandsFile };
    // Another service on the same Redis would execute it.
    const { url } = await bed.startRedis();
    const application = await startApplication({ redis: { url }, executors }, { imports: [ShipModule] });
    bed.onClose(() => application.close());
    const { id } = await bed
      .client(application)
      .createRun({ executor: 'command', input: { command: 'lint' } });
    const run = await scene.visit(application.url, `runs/${id}`, 60_000);
    const why = run.page.getByRole('region', { name: 'Why it waits' });
    await run.says(/Pending for [^:]+: no live instance has the executor “command”/, why);
    await why.getByRole('button', { name: 'Cancel the run' }).click();
    await run.page.getByRole('dialog').getByRole('button', { name: 'Cancel the run' }).click();
    await run.says(/⊘ cancelled/);
    expect(await why.count()).toBe(0);
  });

  it('says that a run waits for an approval, and gives it', async () => {
    const application = await startApplication({}, { imports: [ShipModule] });
    bed.onClose(() => application.close());
    const client = bed.client(application);
    for (const [button, end] of [
      ['Approve', /✓ completed/],
      ['Reject', /✕ failed[^]*Rejected by Ada/],
    ] as const) {
      const { id } = await client.createRun({ executor: 'ship', task: `ship it: ${button}` });
      const run = await scene.visit(application.url, `runs/${id}`);
      const why = run.page.getByRole('region', { name: 'Why it waits' });
      await run.says(/Waits for gate\.approved or gate\.rejected[^]*Held by [^]*Ship the shop\?/, why);
      await why.getByRole('button', { name: button }).click();
      await run.page.getByLabel('Who decides').fill('Ada');
      await run.page.getByRole('dialog').getByRole('button', { name: button }).click();
      await run.says(end);
    }
  });

  it('says of a silent run who has it', async () => {
    const { id } = await api.createRun();
    const run = await scene.visit(service.url, `runs/${id}`, 45_000);
    await run.says(/Silent for [^.]+\. Its producer is outside/);
  });

  it('shows texts from outside as text, wherever they stand', async () => {
    const evil = [
      `<img src=x onerror="alert(1)">`,
      `"><script>alert(2)</script>`,
      `<svg/onload=alert(3)>`,
      `javascript:alert(4)`,
      `{{constructor.constructor('alert(5)')()}}`,
      `turned \u202e around`,
      `<a href="javascript:alert(6)">x</a>`,
    ];
    const all = evil.join(' ');
    const { id } = await api.createRun({
      task: `turned \u202e around ${all}`,
      key: evil[0],
      labels: { [evil[0] ?? '']: all.slice(0, 200), '\u202elabel': evil[1] },
      context: { session_id: evil[2] },
    });
    const source = {
      agent_id: 'a',
      agent_name: evil[0] ?? '',
      agent_type: evil[1] ?? '',
      team_name: all.slice(0, 100),
    };
    const more = { source, metadata: { [evil[0] ?? '']: all } };
    await api.append(id, [
      { ...event('llm.stream', { content: all, [evil[1] ?? '']: all }), ...more },
      { ...event('llm.tool_call', { tool_name: evil[0], arguments: { command: all } }), ...more },
      { ...event('log.stderr', { line: `${all} \u001b[31m${all}` }), ...more },
      { ...event('agent.error', { error: all }), ...more },
      { ...event('lifecycle.failed', { error: { message: all, stack: all } }) },
    ]);
    const run = await scene.visit(service.url, `runs/${id}`);
    await run.says(/✕ failed/);
    for (const view of ['Story', 'Log', 'All events']) {
      await run.button(view).click();
      for (let at = 0; at < 6; at++) {
        await run.page.keyboard.press('k');
        if (view === 'Log' && at > 0) break;
        await run.inspector.locator('pre').first().waitFor();
        const text = (await run.page.locator('body').textContent()) ?? '';
        expect(text).toContain(evil[0]);
        expect(text).not.toMatch(/[\u202a-\u202e]/);
      }
    }
    await run.says(/turned \\u202e around/);
    const markup = 'main img, main script, main svg, main a[href^="javascript" i]';
    expect(await run.page.locator(markup).count()).toBe(0);
    expect(await run.page.title()).toContain('\\u202e');
  });
});
