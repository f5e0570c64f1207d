import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Command } from 'commander';
import { readFileSync, writeFileSync } from 'node:fs';
import type { FollowItem, RunEvent } from '../../packages/client/src/index.js';
import { durationOf, timeOf } from '../../packages/cli/src/input/values.js';
import { targetOf } from '../../packages/cli/src/input/target.js';
import { buildProgram } from '../../packages/cli/src/program.js';
import { jsonLine, withColours, withoutControls } from '../../packages/cli/src/render/clean.js';
import { Rows } from '../../packages/cli/src/render/rows.js';
import { cut, Shown, shown } from '../../packages/cli/src/render/shown.js';
import { count, duration } from '../../packages/cli/src/render/time.js';
import { OBEYED } from './run-cli.js';

const DOC = new URL('../../docs/cli.md', import.meta.url);
const [START, END] = ['<!-- commands: made by test/cli/text.spec.ts -->', '<!-- end of commands -->'];

describe('text for a terminal', () => {
  it.each([
    ['a\u001b[2Jb', 'ab'],
    ['a\u001b]0;title\u0007b', 'ab'],
    ['a\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\b', 'alinkb'],
    ['a\u001bPq#0\u001b\\b', 'ab'],
    ['a\u009b31mb\u009d0;x\u009cc', 'abc'],
    ['a\u001b(Bb\u001bcd', 'abd'],
    ['a\u001b]never ends', 'anever ends'],
    ['a\u001b\u0000[2J', 'a[2J'],
    ['a\rb\u0008c\u007fd', 'abcd'],
    ['\u202eabc\u2066', '\\u202eabc\\u2066'],
    ['1\n2\t3', '1\n2\t3'],
  ])('%j is %j', (text, expected) => {
    expect(withoutControls(text)).toBe(expected);
  });

  it.each([
    ['\u001b[31mred\u001b[0m', '\u001b[31mred\u001b[0m\u001b[0m'],
    ['\u001b[1;38;5;208morange', '\u001b[1;38;5;208morange\u001b[0m'],
    ['\u001b[38;2;5;6;8mrgb', '\u001b[38;2;5;6;8mrgb\u001b[0m'],
    ['\u001b[8mhidden\u001b[5mblink\u001b[0;08mx', 'hiddenblinkx'],
    ['\u001b[31m\u001b[2J\u001b]0;x\u0007', '\u001b[31m\u001b[0m'],
    ['\u001b[?25l\u001b[3Hplain', 'plain'],
  ])('of output %j keeps the colours alone', (text, expected) => {
    expect(withColours(text)).toBe(expected);
  });

  it('is clean whatever it was, in time that grows with its length', () => {
    const pieces = fc.constantFrom(
      ...[
        '\u001b',
        '[',
        ']',
        '0',
        ';',
        'm',
        '\u0007',
        '\\',
        'P',
        '\u009b',
        '\u009d',
        '\u009c',
        'x',
        '\r',
        '\u202e',
        '?',
      ],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        const text = parts.join('');
        expect(withoutControls(text)).not.toMatch(OBEYED);
        expect(jsonLine(text)).not.toMatch(OBEYED);
        expect(JSON.parse(jsonLine(text))).toBe(text);
        expect(shown`${text}`.text).not.toMatch(OBEYED);
        expect(withColours(text).replaceAll(/\u001b\[[\d;:]*m/g, '')).not.toMatch(OBEYED);
      }),
      { numRuns: 500 },
    );
    for (const part of ['\u001b]', '\u009d', '\u001b[0', '\u001bP', '\u001b[;', '\u0090']) {
      const before = process.cpuUsage();
      withoutControls(part.repeat(500_000));
      expect([part, process.cpuUsage(before).user < 5_000_000]).toEqual([part, true]);
    }
  });

  it('is cut to characters, whatever is in it', () => {
    expect(cut('abcdef', 4).text).toBe('abc…');
    expect(cut('abcd', 4).text).toBe('abcd');
    expect(cut('😀😀😀', 2).text).toBe('😀…');
    expect(cut('a\u001b'.repeat(100_000), 5).width).toBeLessThanOrEqual(5);
    expect(Shown.line('a\nb').text).toBe('a\\nb');
  });

  it('has durations and numbers for people', () => {
    const all: [number, string][] = [
      [12, '12 ms'],
      [1500, '1.5 s'],
      [59_400, '59 s'],
      [59_900, '1 m 00 s'],
      [724_000, '12 m 04 s'],
      [3_600_000, '1 h 00 m'],
      [90_000_000, '1 d 01 h'],
    ];
    expect(all.map(([ms]) => [ms, duration(ms)])).toEqual(all);
    expect(count(1204)).toBe('1 204');
  });
});

describe('the rows of a story', () => {
  it('keep no text that was told', () => {
    const rows = new Rows();
    const kept = new Set<unknown>();
    for (let n = 1; n < 3000; n++) {
      const type = ['llm.stream', 'llm.tool_call', 'agent.completed'][n % 3] ?? '';
      const row = rows.add(
        item(n, type, { content: 'x'.repeat(100), tool_name: 't', arguments: 'x'.repeat(100) }),
      );
      rows.forget(row);
      kept.add(row);
    }
    expect(JSON.stringify([...kept])).not.toContain('xxx');
    expect((rows as unknown as { rows: unknown[] }).rows.length).toBeLessThanOrEqual(1000);
  });
});

describe('what is given to the command line', () => {
  it('has durations and times', () => {
    expect([durationOf('90'), durationOf('1h30m'), durationOf('1.5s')]).toEqual([90_000, 5_400_000, 1500]);
    for (const bad of ['', 'x', '1x', '1h x', '-1s', '0', '25d', '1h30', '9'.repeat(400)]) {
      expect(() => durationOf(bad)).toThrow();
    }
    expect(timeOf('2026-11-21T17:00:00')).toBe(Date.UTC(2026, 10, 21, 17));
    expect(timeOf('2026-11-21T17:00:00+01:00')).toBe(Date.UTC(2026, 10, 21, 16));
    expect(timeOf('2026-11-21')).toBe(Date.UTC(2026, 10, 21));
    expect(Math.abs(Date.now() - 60_000 - timeOf('1m'))).toBeLessThan(10_000);
  });

  it('sends a key to no address that it was not meant for', () => {
    const none = { options: {}, environment: {}, folder: {}, profile: {}, isProfileNamed: false };
    const mine = { url: 'https://mine.example', key: 'mine', tenant: 'me' };
    expect(targetOf(none)).toMatchObject({ url: 'http://127.0.0.1:3000', key: undefined });
    expect(targetOf({ ...none, profile: mine })).toEqual(mine);
    expect(
      targetOf({ ...none, options: { url: 'https://other.example' }, profile: mine }).key,
    ).toBeUndefined();
    expect(targetOf({ ...none, options: { url: 'http://x/' }, environment: { key: 'e' } })).toMatchObject({
      url: 'http://x',
      key: 'e',
    });
    const fromFolder = { ...none, folder: { url: 'https://evil.example' }, environment: { key: 'e' } };
    expect(() => targetOf(fromFolder)).toThrow(/in \.env, the key in the environment/);
    expect(targetOf({ ...fromFolder, folder: { url: 'http://localhost:1' } }).key).toBe('e');
    expect(targetOf({ ...none, folder: { url: 'https://evil.example' }, profile: mine }).key).toBeUndefined();
    expect(targetOf({ ...none, environment: { key: 'e' }, profile: mine, isProfileNamed: true }).key).toBe(
      'mine',
    );
    for (const bad of ['x', 'ftp://x', 'http://u:p@x', 'http://x/?a']) {
      expect(() => targetOf({ ...none, options: { url: bad } })).toThrow();
    }
  });
});

describe('docs/cli.md', () => {
  it('has what --help says (UPDATE_DOCS=1 writes it)', () => {
    const text = readFileSync(DOC, 'utf8');
    const [before = '', rest = ''] = text.split(START);
    const [inside = '', after = ''] = rest.split(END);
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(DOC, `${before}${START}\n\n${commands()}\n\n${END}${after}`);
    } else expect(inside.trim()).toBe(commands());
  });
});

function commands(): string {
  const program = buildProgram('', () => Promise.resolve(), { getOutHelpWidth: () => 100 });
  return all(program)
    .map(({ name, help }) => `## ${name}\n\n\`\`\`text\n${help.trim()}\n\`\`\``)
    .join('\n\n');
}

/** A command and those below it, but for `help`. */
function all(command: Command, path = ''): { name: string; help: string }[] {
  const name = `${path}${command.name()}`;
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  return [{ name, help }, ...command.commands.flatMap((one) => all(one, `${name} `))];
}

function item(sequence: number, type: string, data: RunEvent['data']): FollowItem {
  const [category = '', action = ''] = type.split('.');
  const event = { category, action };
  const id = `9-${sequence}`;
  return { kind: 'event', event: { id, run_id: 'r', tenant_id: 't', sequence, timestamp: '', event, data } };
}
