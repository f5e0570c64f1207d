import { StringDecoder } from 'node:string_decoder';
import { UsageError } from '../failure.js';

/** An event has 1 MiB of data and 1 MiB of metadata at most, and a character may be an escape of six. */
const MAX_CHARACTERS = 2 ** 24;

/**
 * The lines of a stream, each as soon as it is whole, and the last one without its line feed too.
 *
 * @throws UsageError when one does not end
 */
export async function* linesOf(
  input: AsyncIterable<Buffer | string>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of input) {
    const parts = (typeof chunk === 'string' ? chunk : decoder.write(chunk)).split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) {
      yield pieces.join('') + part;
      pieces = [];
      length = 0;
    }
    pieces.push(rest);
    length += rest.length;
    if (length > MAX_CHARACTERS) throw new UsageError(`A line has more than ${MAX_CHARACTERS} characters.`);
  }
  const last = pieces.join('') + decoder.end();
  if (last !== '') yield last;
}
