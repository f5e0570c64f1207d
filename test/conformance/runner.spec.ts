import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import { startScript } from '../support/child.js';
import { reportOf } from './report.js';
import { defineSection, runSections } from './runner.js';

const url = 'http://127.0.0.1:9';

const section = defineSection('9 Example', (check) => {
  check('holds', async () => Promise.resolve());
  check('does not hold', async () => {
    await Promise.resolve();
    assert.equal(1, 2, 'one is not two');
  });
  check('cannot be known', async ({ needsEvents }) => {
    await Promise.resolve();
    needsEvents(500);
  });
});

describe('runSections', () => {
  it('gives each check its outcome, in the order of definition', async () => {
    const results = await runSections([section], { url, eventMaxLength: 100 });
    expect(results.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['holds', 'passed'],
      ['does not hold', 'failed'],
      ['cannot be known', 'skipped'],
    ]);
    expect(results[1]?.reason).toContain('one is not two');
  });

  it('runs only the checks that are asked for', async () => {
    const results = await runSections([section], { url, only: 'KNOWN' });
    expect(results.map(({ name }) => name)).toEqual(['cannot be known']);
  });

  it('runs no more checks at once than allowed', async () => {
    let running = 0;
    let most = 0;
    const busy = defineSection('9 Busy', (check) => {
      for (let n = 0; n < 9; n++) {
        check(`check ${n}`, async () => {
          most = Math.max(most, ++running);
          await new Promise(setImmediate);
          running--;
        });
      }
    });
    await runSections([busy], { url, concurrency: 3 });
    expect(most).toBe(3);
  });
});

describe('checks that go wrong', () => {
  it('fail alone: by an error that nobody waits for, by never ending', async () => {
    const program = startScript('test/conformance/stray-checks.ts', []);
    expect(await program.exit()).toBe(0);
    expect(program.lines.map((line) => JSON.parse(line) as string[])).toEqual([
      ['leaves a rejection behind', 'failed', 'Error: nobody waits for this'],
      ['throws where nobody can catch it', 'failed', 'Error: thrown later'],
      ['never ends', 'failed', expect.stringMatching(/^Error: not done after 0\.3 s, at: /)],
      ['holds', 'passed', ''],
      ['leaves one behind after its end', 'passed', ''],
    ]);
  });
});

describe('reportOf', () => {
  it('shows sections, reasons and, as its last line, the count', async () => {
    const report = reportOf(await runSections([section], { url, eventMaxLength: 100 }));
    expect(report).toContain('9 Example: 1 of 2 passed, 1 skipped');
    expect(report).toMatch(/FAILED {2}does not hold .*\n\s+one is not two/);
    expect(report.split('\n').at(-1)).toBe('1 passed, 1 failed');
  });
});
