import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PassThrough, Readable } from 'node:stream';
import { type Line, LineError, readLines } from './read-lines.js';
import { RequestCutError } from './request-cut-error.js';

const options = { maxLineBytes: 1000, idleTimeoutMs: 5000 };

async function read(
  source: Readable,
  limits = options,
): Promise<{ lines: Line[]; batches: number; error?: unknown }> {
  const lines: Line[] = [];
  let batches = 0;
  try {
    for await (const batch of readLines(source, limits)) {
      lines.push(...batch);
      batches++;
    }
  } catch (error) {
    return { lines, batches, error };
  }
  return { lines, batches };
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...new Set(at.map((position) => position % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const texts = (lines: readonly Line[]) => lines.map((line) => line.text);

describe('readLines', () => {
  it('gives the same lines wherever the chunks are cut', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.array(fc.nat()),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (lines, at, end, ended) => {
          const text = lines.join(end) + (ended ? end : '');
          const { lines: got, error } = await read(Readable.from(cut(Buffer.from(text), at)));
          expect(error).toBeUndefined();
          const expected = lines
            .map((content, index) => ({
              number: index + 1,
              text: content,
              byteLength: Buffer.byteLength(content),
            }))
            .filter((content) => content.byteLength > 0);
          expect(got).toEqual(expected);
        },
      ),
    );
  });

  it('joins characters that are split over chunks', async () => {
    const bytes = Buffer.from('{"a":"ä€\u{1f600}"}\n{"b":1}\n');
    const single = [...bytes].map((byte) => Buffer.from([byte]));
    expect(texts((await read(Readable.from(single))).lines)).toEqual(['{"a":"ä€\u{1f600}"}', '{"b":1}']);
  });

  it('yields all complete lines of a chunk together, as soon as they are there', async () => {
    const source = new PassThrough();
    const reader = readLines(source, options);
    source.write('1\n2\n3\nbegi');
    expect(texts((await reader.next()).value ?? [])).toEqual(['1', '2', '3']);
    source.write('n\n');
    expect((await reader.next()).value).toEqual([{ number: 4, text: 'begin', byteLength: 5 }]);
    source.end('last');
    expect((await reader.next()).value).toEqual([{ number: 5, text: 'last', byteLength: 4 }]);
    expect((await reader.next()).done).toBe(true);
  });

  it('counts empty lines and leaves them out', async () => {
    const { lines } = await read(Readable.from([Buffer.from('\n1\n\r\n\n2')]));
    expect(lines.map((line) => [line.number, line.text])).toEqual([
      [2, '1'],
      [5, '2'],
    ]);
  });

  it.each([
    ['in one chunk', [`ok\n${'x'.repeat(1001)}\nafter\n`]],
    ['in many chunks', ['ok\n', ...Array<string>(20).fill('x'.repeat(100))]],
    ['at the end', ['ok\n', 'x'.repeat(1001)]],
  ])('refuses a line that is too long, %s, after those before it', async (_, parts) => {
    const { lines, error } = await read(Readable.from(parts.map((part) => Buffer.from(part))));
    expect(texts(lines)).toEqual(['ok']);
    expect(error).toBeInstanceOf(LineError);
    expect(error).toMatchObject({ line: 2, code: 'EVENT_TOO_LARGE' });
  });

  it('takes a line of exactly the limit, with either end', async () => {
    const line = 'x'.repeat(1000);
    const parts = [`${line}\n`, line, '\r', `\n${line}`].map((part) => Buffer.from(part));
    expect(texts((await read(Readable.from(parts))).lines)).toEqual([line, line, line]);
  });

  it.each([
    [[Buffer.from('1\n2\n"'), Buffer.from([0xc3, 0x28]), Buffer.from('"\n4\n')]],
    [[Buffer.from('1\n2\n\xff\n4\n', 'latin1')]],
  ])('refuses a line that is not UTF-8, after those before it', async (parts) => {
    const { lines, error } = await read(Readable.from(parts));
    expect(texts(lines)).toEqual(['1', '2']);
    expect(error).toMatchObject({ line: 3, code: 'VALIDATION_FAILED' });
  });

  it('drops the unfinished line of a request that was cut', async () => {
    const source = new PassThrough();
    const reading = read(source);
    source.write('1\n2\nunfin');
    setImmediate(() => source.destroy());
    const { lines, error } = await reading;
    expect(texts(lines)).toEqual(['1', '2']);
    expect(error).toBeInstanceOf(RequestCutError);
  });

  it('cuts a request that is idle, but not while the caller is busy', async () => {
    const source = new PassThrough();
    const reader = readLines(source, { ...options, idleTimeoutMs: 50 });
    source.write('1\n');
    await reader.next();
    await new Promise((resolve) => setTimeout(resolve, 150));
    source.write('2\n');
    expect(texts((await reader.next()).value ?? [])).toEqual(['2']);
    await expect(reader.next()).rejects.toMatchObject({ reason: 'idle' });
    expect(source.destroyed).toBe(true);
  });

  it('leaves the request usable when the caller stops early', async () => {
    const source = new PassThrough();
    source.write('1\n2\n');
    for await (const lines of readLines(source, options)) {
      expect(lines).toHaveLength(2);
      break;
    }
    expect(source.destroyed).toBe(false);
  });

  it('does not read ahead of its caller', async () => {
    let produced = 0;
    const source = new Readable({
      highWaterMark: 64 * 1024,
      read() {
        produced += 16 * 1024;
        this.push(Buffer.from(`${'x'.repeat(900)}\n`.repeat(18)));
      },
    });
    const reader = readLines(source, options);
    await reader.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(produced).toBeLessThan(300 * 1024);
    await reader.return();
    source.destroy();
  });

  it('takes time linear in the length of a line that comes in small chunks', async () => {
    const short = await cheapestOf(3, 2 * 1024);
    const long = await cheapestOf(3, 16 * 1024);
    // Eight times the chunks: eight times the time, where joining them anew at each would take 64 times.
    expect(long / short).toBeLessThan(16);
  });

  /** Processor time, so that what else the machine does is not measured; the least, so that GC is not either. */
  async function cheapestOf(times: number, chunks: number): Promise<number> {
    let least = Infinity;
    for (let i = 0; i < times; i++) {
      const parts = Array<Buffer>(chunks).fill(Buffer.alloc(16, 'x'));
      const before = process.cpuUsage();
      const { lines } = await read(Readable.from(parts), { ...options, maxLineBytes: 2 ** 20 });
      const { user, system } = process.cpuUsage(before);
      expect(lines[0]?.byteLength).toBe(16 * chunks);
      least = Math.min(least, user + system);
    }
    return least;
  }
});
