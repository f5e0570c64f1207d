import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { startScript } from '../../../test/support/child.js';
import { createTestExecutors, type TestExecutors, typeOf } from '../../../test/support/executors.js';
import { eventually } from '../../../test/support/eventually.js';

const node = (script: string): string[] => [process.execPath, '-e', script];
const BIG = 50_000;

/** A process that says its id and the id of its child; neither ends by itself. */
const FAMILY = `
  const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
  console.log(process.pid + ' ' + child.pid);
  setInterval(() => {}, 1000);
`;

/** The same of a shell, which says so at once: its time limit runs from its start. */
const QUICK_FAMILY = 'sleep 1000 & echo "$$ $!"; wait';

const COMMANDS = {
  mixed: {
    argv: node(
      `console.log('eins'); console.error('oops'); console.log('grüße 🙂'); process.stdout.write('zwei')`,
    ),
  },
  fails: { argv: node(`console.log('before'); process.exit(3)`) },
  killed: { argv: node(`process.kill(process.pid, 'SIGKILL')`) },
  missing: { argv: ['no-such-program-anywhere'] },
  literal: { argv: [process.execPath, '-p', 'process.argv.slice(1).join()', '$HOME', '; exit 1', '*'] },
  environment: { argv: node(`console.log(JSON.stringify(process.env))`), env: { CI: 'yes' } },
  folder: { argv: node(`console.log(process.cwd())`), cwd: '/' },
  family: { argv: node(FAMILY) },
  slow: { argv: ['sh', '-c', QUICK_FAMILY], timeout_seconds: 0.5 },
  stubborn: { argv: ['sh', '-c', `trap '' TERM; ${QUICK_FAMILY}`], timeout_seconds: 0.5 },
  forgetful: {
    argv: node(
      `${FAMILY.replace('setInterval(() => {}, 1000);\n', '')} setTimeout(() => process.exit(0), 100)`,
    ),
  },
  escaping: {
    argv: node(`
      const child = require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 8000)'], { stdio: 'inherit', detached: true });
      console.log(process.pid + ' ' + child.pid);
      process.exit(0);
    `),
  },
  big: {
    argv: node(
      `let text = ''; for (let i = 0; i < ${BIG}; i++) text += 'line ' + i + '\\n'; process.stdout.write(text)`,
    ),
  },
  progress: { argv: node(`process.stdout.write('10 %\\r20 %\\r'); setInterval(() => {}, 1000)`) },
  long: { argv: node(`process.stdout.write('x'.repeat(150000) + '\\nend\\n')`) },
};

/** A dead process that its parent has not yet heard of counts as gone. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

describe('The command executor', () => {
  let one: TestExecutors;
  const run = (command: string) => one.execute('command', { command });
  const linesOf = async (id: string, type: string) =>
    (await one.events(id)).filter((event) => typeOf(event) === type).map(({ data }) => data['line']);
  /** Starts a command that prints process ids. */
  const startFamily = async (instance: TestExecutors, command: string) => {
    const id = await instance.createRun('command', { command });
    let pids: number[] = [];
    await eventually('it says its process ids', async () => {
      const said = (await instance.events(id)).find((event) => typeOf(event) === 'log.stdout');
      const line = said?.data['line'];
      pids = typeof line === 'string' ? line.split(' ').map(Number) : [];
      return pids.length === 2;
    });
    return { id, done: () => instance.idle(), pids };
  };
  const expectGone = async (pids: number[]) => {
    for (const pid of pids) {
      await eventually(`process ${pid} is gone`, async () => !(await isAlive(pid)), 3000);
    }
  };

  beforeAll(async () => {
    one = await createTestExecutors({ commands: COMMANDS, killGraceMs: 300, maxLength: 2 * BIG });
  });
  afterAll(async () => {
    await one.close();
  });

  it('gives each line of each stream in order, and the exit code as the result', async () => {
    const record = await run('mixed');
    expect(record).toMatchObject({ status: 'completed', result: { exit_code: 0 } });
    expect(await linesOf(record.id, 'log.stdout')).toEqual(['eins', 'grüße 🙂', 'zwei']);
    expect(await linesOf(record.id, 'log.stderr')).toEqual(['oops']);
  });

  it('J29 shows progress while it is made', async () => {
    const id = await one.createRun('command', { command: 'progress' });
    await eventually('it is shown', async () => (await linesOf(id, 'log.stdout')).length === 2);
    expect(await linesOf(id, 'log.stdout')).toEqual(['10 %', '20 %']);
    await one.cancel(id);
    await one.idle();
  });

  it('fails the run with the exit code, the signal, or the reason why nothing started', async () => {
    const fails = await run('fails');
    expect(fails).toMatchObject({ status: 'failed', error: 'exit code 3' });
    expect((await one.events(fails.id)).at(-1)!.data).toMatchObject({ details: { exit_code: 3 } });
    expect(await run('killed')).toMatchObject({ status: 'failed', error: 'killed by SIGKILL' });
    const missing = await run('missing');
    expect(missing).toMatchObject({ status: 'failed', error: 'the command "missing" could not be started' });
    expect((await one.events(missing.id)).at(-1)!.data).toMatchObject({ details: { reason: 'ENOENT' } });
  });

  it('has no shell between, and gives the command none of the variables of the service', async () => {
    expect(await linesOf((await run('literal')).id, 'log.stdout')).toEqual(['$HOME,; exit 1,*']);
    const [variables] = await linesOf((await run('environment')).id, 'log.stdout');
    expect(Object.keys(JSON.parse(String(variables)) as object).sort()).toEqual([
      'CI',
      'HOME',
      'LANG',
      'PATH',
    ]);
    expect(await linesOf((await run('folder')).id, 'log.stdout')).toEqual(['/']);
  });

  it('refuses a command that is not named in the file, and anything beside the name', () => {
    const refusal = (input: Record<string, unknown>) => {
      try {
        one.registry.assertAccepts('command', input);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(refusal({ command: 'mixed' })).toBeUndefined();
    for (const input of [{}, { command: 'rm -rf /' }, { command: ['mixed'] }, { command: 'constructor' }]) {
      expect(refusal(input)).toMatchObject({
        code: 'VALIDATION_FAILED',
        details: [{ path: 'input.command', message: expect.stringContaining('must be one of mixed, fails') }],
      });
    }
    expect(refusal({ command: 'mixed', argv: ['ls'] })).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ path: 'input.argv' }],
    });
  });

  it('T25 ends the whole process group when the run is cancelled', async () => {
    const { id, done, pids } = await startFamily(one, 'family');
    for (const pid of pids) expect(await isAlive(pid)).toBe(true);
    await one.cancel(id);
    await done();
    await expectGone(pids);
    expect(await one.runs.get(one.tenant, id)).toMatchObject({ status: 'cancelled' });
    expect(typeOf((await one.events(id)).at(-1)!)).toBe('lifecycle.cancelled');
  });

  it('ends the whole process group when its time is up', async () => {
    const { id, done, pids } = await startFamily(one, 'slow');
    await done();
    await expectGone(pids);
    expect(await one.runs.get(one.tenant, id)).toMatchObject({
      status: 'failed',
      error: 'timed out after 0.5 s',
    });
  });

  it('kills what does not end when it is asked to', async () => {
    const { id, done, pids } = await startFamily(one, 'stubborn');
    await done();
    await expectGone(pids);
    expect(await one.runs.get(one.tenant, id)).toMatchObject({ error: 'timed out after 0.5 s' });
  });

  it('leaves no child of a command behind that has ended', async () => {
    const { id, done, pids } = await startFamily(one, 'forgetful');
    await done();
    await expectGone(pids);
    expect(await one.runs.get(one.tenant, id)).toMatchObject({ status: 'completed' });
  });

  it('does not wait for a process that left the group and holds the output open', async () => {
    const before = Date.now();
    const { id, done, pids } = await startFamily(one, 'escaping');
    await done();
    expect(Date.now() - before).toBeLessThan(7000);
    expect(await one.runs.get(one.tenant, id)).toMatchObject({ status: 'completed' });
    process.kill(pids[1]!, 'SIGKILL');
  });

  it(`passes ${BIG} lines on, all and in order`, async () => {
    const record = await run('big');
    expect(record).toMatchObject({ status: 'completed', events: { 'log.stdout': BIG } });
    const lines = await linesOf(record.id, 'log.stdout');
    expect(lines.findIndex((line, i) => line !== `line ${i}`)).toBe(-1);
    expect(lines).toHaveLength(BIG);
  });

  it('cuts a line that is too long for one event', async () => {
    const { id } = await run('long');
    const events = (await one.events(id)).filter((event) => typeOf(event) === 'log.stdout');
    expect(events.map(({ data }) => [String(data['line']).length, data['continued']])).toEqual([
      [65_536, true],
      [65_536, true],
      [150_000 - 2 * 65_536, undefined],
      [3, undefined],
    ]);
  });

  it('T26 ends the process group at shutdown, and the run has failed', async () => {
    const two = await createTestExecutors({ commands: COMMANDS, shutdownTimeoutMs: 5000 });
    const { id, pids } = await startFamily(two, 'family');
    await two.close();
    await expectGone(pids);
    expect(await one.runs.get(two.tenant, id)).toMatchObject({ status: 'failed', error: 'executor lost' });
  });

  it('leaves nothing of a command behind when the service itself is killed', async () => {
    const service = startScript('test/support/command-service.ts', [one.tenant]);
    const pids = (await service.line(/^pids /)).split(' ').slice(1).map(Number);
    expect(pids).toHaveLength(2);
    for (const pid of pids) expect(await isAlive(pid)).toBe(true);
    service.process.kill('SIGKILL');
    await service.exit();
    await expectGone(pids);
  });
});
