import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';

/** Files that other scripts include: they have a comment, and no KEYS and ARGV of their own. */
const FOLDERS = [
  'src/event-store/scripts',
  'src/consumer/scripts',
  'src/consumer/workers/scripts',
  'src/pull/scripts',
  'src/stream-consumer/scripts',
];

/** What unpack() may be given outside of pages.lua, since something else bounds it. */
const BOUNDED: Record<string, readonly string[]> = {
  // The fields of one event or one dead letter.
  'bury.lua': ['letter'],
  'redrive.lua': ['entry'],
  'later.lua': ['entry'],
  // A name and a value, or nothing; what the index holds of a run, which has at most 64 labels.
  'create-run.lua': ['key_field', 'scored'],
  'delete.lua': ['members'],
  // Of an append: at most 1000 events, and so types.
  'write-events.lua': ['rare or {}', 'rare', 'record', 'fields'],
  // An append has at most 1000 events.
  'append.lua': ['ids', 'reply', 'note'],
  // One SET.
  'append-one.lua': ['note'],
  'create.lua': ['note'],
  'settle.lua': ['note'],
  // At most MAX_CLAIMED.
  'group.lua': ['claim'],
  // A page of 500.
  'journal-lag.lua': ['names'],
  // At most 200 counted types and the fields of a run; at most a page of runs.
  'read-runs.lua': ['names', 'records'],
  // A page of its own.
  'read.lua': ['entries', 'page'],
  'read-journal.lua': ['entries', 'page'],
  'pages.lua': ['page'],
};

const files = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.lua'))
    .map((name) => ({ name, text: readFileSync(`${folder}/${name}`, 'utf8') })),
);
const included = new Set(
  files.flatMap(({ text }) => [...text.matchAll(/^--- include (?:\S*\/)?(\S+)$/gm)].map(([, name]) => name)),
);

/** Without comments and without what stands in strings. */
const codeOf = (text: string): string => text.replace(/--.*$/gm, '').replace(/'[^'\n]*'/g, "''");

describe.each(files)('The script $name', ({ name, text }) => {
  const isShared = included.has(name);
  const code = codeOf(text);
  const head = /^(?:--(?!-).*\n)+/.exec(text)?.[0] ?? '';

  it('begins with one comment that says what it does', () => {
    expect(head).toMatch(/^-- \S/);
  });

  (isShared ? it.skip : it)('and which keys and arguments it takes, and what it replies', () => {
    expect(head.match(/^-- KEYS {2}/gm)).toHaveLength(1);
    expect(head.match(/^-- Reply /gm)).toHaveLength(1);
    if (/\bARGV\b/.test(code)) expect(head.match(/^-- ARGV {2}/gm)).toHaveLength(1);
    expect(text.slice(head.length)).not.toMatch(/^-- (KEYS|ARGV|Reply) /m);
  });

  it('T236 makes no key: a Redis Cluster must be told of all of them', () => {
    expect(head).not.toMatch(/prefix of/i);
    const composed = [...code.matchAll(/(\w+)\s*=[^=\n]*\.\./g)].map(([, variable]) => variable);
    const calls = [...code.matchAll(/redis\.p?call\(''\s*,\s*(?:''\s*,\s*)?([^,()]+)/g)];
    for (const [call, key = ''] of calls) {
      expect({ call, isComposed: key.includes('..') || composed.includes(key.trim()) }).toEqual({
        call,
        isComposed: false,
      });
    }
  });

  it('T232 hands no table of any length to one call', () => {
    const unpacked = [...code.matchAll(/(?<!cmsgpack\.)unpack\(([^()]*)\)/g)].map(([, what]) => what);
    expect(unpacked.filter((what) => !BOUNDED[name]?.includes(what ?? ''))).toEqual([]);
  });

  it('T230 takes no number as it comes', () => {
    // `whole` refuses NaN and the like before anything is written. The other scripts are checked by their own tests.
    if (['append.lua', 'create.lua', 'delete.lua', 'read.lua', 'read-journal.lua'].includes(name)) return;
    expect(code).not.toMatch(/tonumber\(ARGV/);
  });
});
