import { describe, expect, it } from '@jest/globals';
import { mapped } from '../../../test/support/mapped.js';
import { nextCursor, readOffset, toOffset } from './offset.js';
import { StreamMapper } from './stream.mapper.js';

const AT = (sequence: number) => toOffset(`1000-${sequence}`);

describe('an offset', () => {
  it('is an id that compares as text, and reads back', () => {
    expect(['9-10', '10-9', '10-10'].map(toOffset)).toEqual(['9-10', '10-9', '10-10'].map(toOffset).sort());
    expect(readOffset(toOffset('1795279279000-42'))).toEqual({ ms: 1_795_279_279_000, sequence: 42 });
    expect([readOffset(undefined), readOffset('-1'), readOffset('now')]).toEqual(['start', 'start', 'tail']);
  });

  it.each([
    ['1_2'],
    [''],
    ['0000000000001000_000000000000000x'],
    ['9999999999999999_0000000000000001'],
    [['a', 'b']],
  ])('is refused as %j', (text) => {
    expect(() => readOffset(text)).toThrow('offset: must be');
  });
});

describe('a cursor', () => {
  it('only ever rises', () => {
    const now = Date.UTC(2024, 9, 9, 0, 1);
    expect([nextCursor(undefined, now), nextCursor('x', now), nextCursor('2', now)]).toEqual(['3', '3', '3']);
    expect([nextCursor('3', now), nextCursor('70', now)]).toEqual(['4', '71']);
  });
});

describe('a run as a durable stream', () => {
  it('has its events as messages, each with where to go on', () => {
    const mapper = new StreamMapper(2, '7');
    const frames = mapped(
      mapper,
      ['lifecycle.started'],
      ['log.stdout', { line: 'x' }],
      ['lifecycle.completed'],
    );
    expect(frames.map(({ name }) => name)).toEqual(['data', 'control', 'data', 'control', 'data', 'control']);
    expect(JSON.parse(frames[2]?.data ?? '')).toEqual([expect.objectContaining({ data: { line: 'x' } })]);
    expect(
      frames.flatMap(({ name, data }) => (name === 'control' ? [JSON.parse(data) as unknown] : [])),
    ).toEqual([
      { streamNextOffset: AT(1), streamCursor: '7' },
      { streamNextOffset: AT(2), upToDate: true, streamCursor: '7' },
      { streamNextOffset: AT(3), upToDate: true, streamClosed: true },
    ]);
  });

  it('tells at once who has everything, and that the run has ended', () => {
    const mapper = new StreamMapper(2, '7');
    expect(mapper.begins('1000-1')).toEqual([]);
    expect(mapper.begins('1000-2')).toHaveLength(1);
    expect(mapper.ended('1000-2')).toEqual([
      {
        name: 'control',
        data: JSON.stringify({ streamNextOffset: AT(2), upToDate: true, streamClosed: true }),
      },
    ]);
    expect(mapper.ended('1000-2')).toEqual([]);
  });
});
