import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Prometheus' own program judges the rules. Where it can't be had these are left out, but not in CI. */
function promtool(): string | undefined {
  const script = `
    import { ensurePromtool } from './scripts/setup/promtool.mjs';
    console.log(ensurePromtool('.cache'));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  if (status === 0) return stdout.trim() === 'promtool' ? 'promtool' : resolve(stdout.trim());
  console.warn(`The rules of Prometheus are not tested: ${/SetupError: (.*)/.exec(stderr)?.[1] ?? stderr}`);
  return undefined;
}

const command = promtool();
const isNeeded = process.env['CI'] !== undefined;

(command === undefined && !isNeeded ? describe.skip : describe)('deploy/prometheus', () => {
  let folder: string;
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(command ?? 'promtool', args, {
      cwd: folder,
      encoding: 'utf8',
    });
    return { ok: status === 0, says: `${stdout}${stderr}` };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runstream-rules-'));
    await cp('deploy/prometheus', folder, { recursive: true });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('rules.yml is taken by Prometheus', () => {
    const { ok, says } = run('check', 'rules', 'rules.yml');
    expect([ok, says]).toEqual([true, expect.stringContaining('SUCCESS: 12 rules')]);
  });

  it('each alert comes when it should and stays away when it should not, by rules.test.yml', async () => {
    expect(run('test', 'rules', 'rules.test.yml')).toEqual({
      ok: true,
      says: expect.stringContaining('SUCCESS'),
    });
    // And that a rule which does nothing is seen.
    const rules = await readFile(join(folder, 'rules.yml'), 'utf8');
    await writeFile(
      join(folder, 'rules.yml'),
      rules.replace('runstream_redis_up) == 0', 'runstream_redis_up) == 7'),
    );
    expect(run('test', 'rules', 'rules.test.yml').ok).toBe(false);
  });

  it('the queries of the dashboard are queries', async () => {
    const { panels } = JSON.parse(await readFile('deploy/grafana/runstream.json', 'utf8')) as {
      panels: { targets?: { expr: string }[] }[];
    };
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const rules = queries.map((expr, n) => ({
      record: `panel_${n}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.*'),
    }));
    // JSON is YAML.
    await writeFile(join(folder, 'panels.yml'), JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    expect(run('check', 'rules', 'panels.yml')).toEqual({
      ok: true,
      says: expect.stringContaining(`SUCCESS: ${queries.length} rules`),
    });
  });
});
