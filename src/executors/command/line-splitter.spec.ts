import { describe, expect, it } from '@jest/globals';
import { LineSplitter, MAX_LINE_LENGTH, type OutputLine } from './line-splitter.js';

function split(bytes: Buffer, chunkSize: number): OutputLine[] {
  const splitter = new LineSplitter();
  const lines: OutputLine[] = [];
  for (let i = 0; i < bytes.length; i += chunkSize)
    lines.push(...splitter.push(bytes.subarray(i, i + chunkSize)));
  return [...lines, ...splitter.end()];
}

const lines = (...texts: string[]) => texts.map((line) => ({ line }));

describe('Output in lines', () => {
  it('is the same however it was cut on the way, characters of several bytes included', () => {
    const text = Buffer.from('grüße\n\n日本語 🙂\r\nline\u2028separator\nlast without an end');
    const expected = lines('grüße', '', '日本語 🙂', 'line\u2028separator', 'last without an end');
    for (let size = 1; size <= text.length; size++) expect(split(text, size)).toEqual(expected);
  });

  it('has no line after the last line end, and one of nothing for an empty line', () => {
    expect(split(Buffer.from(''), 1)).toEqual([]);
    expect(split(Buffer.from('a\n'), 1)).toEqual(lines('a'));
    expect(split(Buffer.from('\n'), 1)).toEqual(lines(''));
  });

  it('J29 ends a line at a carriage return too, once for both, however they come', () => {
    const text = Buffer.from('10 %\r20 %\r\n\r\n\r\r30 %\r\r\nend\r');
    const expected = lines('10 %', '20 %', '', '30 %', '', 'end');
    for (let size = 1; size <= text.length; size++) expect(split(text, size)).toEqual(expected);
    expect(split(Buffer.from('\r10 %\r20 %'), 3)).toEqual(lines('10 %', '20 %'));
  });

  it('J29 has a line as soon as its carriage return is there', () => {
    const splitter = new LineSplitter();
    expect([...splitter.push(Buffer.from('10 %\r'))]).toEqual(lines('10 %'));
    expect([...splitter.push(Buffer.from('\n'))]).toEqual([]);
  });

  it('replaces what is not UTF-8', () => {
    expect(split(Buffer.from([0x61, 0xff, 0x0a, 0xc3]), 1)).toEqual(lines('a\ufffd', '\ufffd'));
  });

  it.each([1000, 70_000, 1_000_000])('cuts an overlong line, in chunks of %d bytes', (size) => {
    const text = `${'x'.repeat(MAX_LINE_LENGTH - 1)}🙂${'y'.repeat(MAX_LINE_LENGTH * 2)}`;
    const pieces = split(Buffer.from(`${text}\nnext\n`), size);
    expect(pieces.pop()).toEqual({ line: 'next' });
    expect(pieces.map((piece) => piece.line).join('')).toBe(text);
    expect(pieces.map((piece) => piece.continued ?? false)).toEqual([true, true, true, false]);
    for (const { line } of pieces) expect(line.length).toBeLessThanOrEqual(MAX_LINE_LENGTH);
  });

  it('does not cut a line that just fits, whatever its end', () => {
    const text = 'x'.repeat(MAX_LINE_LENGTH);
    expect(split(Buffer.from(`${text}\r\n`), 4096)).toEqual(lines(text));
    expect(split(Buffer.from(`${text}\n`), 4096)).toEqual(lines(text));
  });
});
