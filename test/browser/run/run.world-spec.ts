import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { EventInput } from '../../conformance/model.js';
import { type Client } from '../../conformance/client.js';
import { eventually } from '../../support/eventually.js';
import { findRecordings } from '../../support/recordings.js';
import { type Serving } from '../../support/service.js';
import { TestBed } from '../../support/test-bed.js';
import { event, numbered } from './run-events.js';
import { RunScene } from './run-scene.js';
import { describeInBrowser } from '../visit.js';

const bed = new TestBed();
const scene = new RunScene();

let service: Serving;
let api: Client;

/** As recordings have it. */
interface Said extends EventInput {
  event: { category: string; action: string };
  data: Record<string, unknown>;
}

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

  it('folds what was given to an agent with its start, and says when nobody began', async () => {
    const { id } = await api.createRun();
    await api.append(id, [
      event('dispatch.worker', { name: 'coder-1', task: 'mend the clock' }, 'boss'),
      event('dispatch.worker', { name: 'coder-2', task: 'mend the prices' }, 'boss'),
      event('agent.started', { message: 'on it' }, 'coder-1'),
    ]);
    const run = await scene.visit(service.url, `runs/${id}`);
    await run.row(/boss.*→ coder-2.*mend the prices.*not started/).waitFor();
    await run.row(/boss.*→ coder-1.*mend the clock.*started after/).click();
    await run.says(/Started 4[^]*on it/, run.inspector);
    expect(await run.rowCount()).toBe(3);
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

  it('shows who spoke when, and goes there by mouse and by keys', async () => {
    const { id } = await api.createRun();
    const at = (afterMs: number, what: EventInput): EventInput => ({
      ...what,
      timestamp: new Date(Date.now() + afterMs).toISOString(),
    });
    await api.append(id, [
      at(1000, event('llm.stream', { content: 'I plan' }, 'planner')),
      at(2000, event('agent.error', { error: 'no plan' }, 'planner')),
      at(120_000, event('llm.stream', { content: 'I code' }, 'coder-1')),
      ...Array.from({ length: 9 }, (_, n) => at(121_000 + n, event('llm.stream', { content: 'x' }, `a${n}`))),
      at(240_000, event('llm.stream', { content: 'I end' }, 'coder-1')),
    ]);
    const run = await scene.visit(service.url, `runs/${id}`);
    const lanes = run.page.getByRole('region', { name: 'Agents over time' });
    await run.says(/✕ 1 error · ▭ 2 silences, the longest 1 m 58 s/, lanes);
    const named = await lanes.getByRole('listitem').allTextContents();
    expect(named).toHaveLength(1 + 8 + 1);
    expect(named.at(-1)).toMatch(/^3 others: 3 events/);
    await run.says(/planner: 2 events from [\d:]+ to [\d:]+, 1 error/, lanes);
    const slider = lanes.getByRole('slider', { name: 'Time of the selected event' });
    await slider.focus();
    await run.page.keyboard.press('Home');
    await run.says(/lifecycle\.started/, run.inspector);
    await run.page.keyboard.press('ArrowRight');
    await run.says(/I plan/, run.inspector);
    // Where something went wrong, that is what one wants to see.
    await run.page.keyboard.press('ArrowRight');
    await run.says(/no plan/, run.inspector);
    await run.page.keyboard.press('End');
    await run.says(/I end/, run.inspector);
    await run.row('I end').and(run.page.locator('.selected')).waitFor();
    const box = await slider.boundingBox();
    const planner = named.findIndex((text) => text.startsWith('planner'));
    // Far from all it said: what is nearest.
    await slider.click({ position: { x: (box?.width ?? 0) - 5, y: 16 * planner + 8 } });
    await run.says(/no plan/, run.inspector);
    await api.append(id, at(300_000, event('llm.stream', { content: 'late' }, 'coder-1')));
    await run.says(/▭ 3 silences/, lanes);
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
    await eventually('the inspector has the keys', async () => (await run.focused()) === 'Inspector');
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
    const markup = 'main img, main script, main svg:not([aria-hidden]), main a[href^="javascript" i]';
    expect(await run.page.locator(markup).count()).toBe(0);
    expect(await run.page.title()).toContain('\\u202e');
  });
});
