import { describe, expect, it } from '@jest/globals';
import { SseParser, type SseFrame, type SseItem } from './sse-parser.js';

function parse(...chunks: (string | Buffer)[]): SseItem[] {
  const items: SseItem[] = [];
  const parser = new SseParser((item) => items.push(item));
  for (const chunk of chunks) parser.push(Buffer.from(chunk as string));
  return items;
}

const frames = (...chunks: (string | Buffer)[]): SseFrame[] =>
  parse(...chunks).filter((item): item is SseFrame => item.kind === 'frame');

describe('SseParser', () => {
  it('reads id, event, data and retry', () => {
    expect(frames('retry: 2000\nid: 1-1\nevent: llm.stream\ndata: {}\n\n')).toEqual([
      expect.objectContaining({ id: '1-1', event: 'llm.stream', named: true, data: '{}', retryMs: 2000 }),
    ]);
  });

  it('calls a frame without a name message', () => {
    expect(frames('data: x\n\n')[0]).toMatchObject({ event: 'message', named: false, id: null });
  });

  it('ends lines with LF, CR and CRLF, also where a chunk cuts CRLF', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const text = `id: 1${end}data: a${end}data: b${end}${end}data: c${end}${end}`;
      expect(frames(text).map(({ data }) => data)).toEqual(['a\nb', 'c']);
      expect(frames(...Array.from(text)).map(({ data }) => data)).toEqual(['a\nb', 'c']);
    }
  });

  it('drops one BOM at the beginning and no other', () => {
    expect(frames('\ufeffdata: a\n\n\ufeffdata: b\n\n').map(({ data }) => data)).toEqual(['a']);
  });

  it('removes one space after the colon', () => {
    expect(frames('data:  a\ndata:b\ndata\n\n')[0]?.data).toBe(' a\nb\n');
  });

  it('keeps the cursor from frame to frame, and tells a missing id apart', () => {
    const [first, second] = frames('id: 1-1\ndata: a\n\ndata: b\n\n');
    expect(first).toMatchObject({ id: '1-1', lastEventId: '1-1' });
    expect(second).toMatchObject({ id: null, lastEventId: '1-1' });
  });

  it('a block without data moves the cursor and dispatches nothing', () => {
    const items = parse('id: 1-1\n\ndata: b\n\n');
    expect(items[0]).toMatchObject({ kind: 'silent', id: '1-1' });
    expect(items[1]).toMatchObject({ kind: 'frame', id: null, lastEventId: '1-1' });
  });

  it('ignores an id with NUL, a retry that is no number and unknown fields', () => {
    expect(frames('id: a\0b\nretry: 2s\nother: x\ndata: y\n\n')[0]).toMatchObject({
      id: null,
      retryMs: null,
      data: 'y',
    });
  });

  it('reports comments', () => {
    expect(parse(': heartbeat now\n\n')).toEqual([{ kind: 'comment', text: ' heartbeat now' }]);
  });

  it('dispatches nothing of a block that was cut', () => {
    expect(frames('data: a\n\ndata: b\n')).toHaveLength(1);
  });

  it('does not end lines at U+2028, and puts characters cut between chunks together', () => {
    const bytes = Buffer.from('data: a\u2028b👍\n\n');
    const single = Array.from(bytes, (byte) => Buffer.from([byte]));
    expect(frames(...single)[0]?.data).toBe('a\u2028b👍');
  });

  it('reads a line of 16 MiB in small chunks without going over it again and again', () => {
    const chunk = Buffer.from('x'.repeat(16 * 1024));
    const items = frames('data: ', ...Array<Buffer>(1024).fill(chunk), '\n\n');
    expect(items[0]?.data).toHaveLength(16 * 1024 * 1024);
  });
});
