/** A sentence for people, in which a run may be named. Values from outside are shown as what they are. */
export type Part = string | { text: string } | { run: string };
export type Sentence = readonly Part[];

/** As one line of text. */
export function plain(sentence: Sentence): string {
  return sentence
    .map((part) => (typeof part === 'string' ? part : 'run' in part ? part.run : part.text))
    .join('');
}

const MAX_LENGTH = 200;

/** The first line of an error, and not all of a long one. */
export function brief(error: string): string {
  const [line = ''] = error.trim().split('\n', 1);
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}
