/**
 * The object that a text has in JSON; an empty text is an empty one.
 *
 * @throws SyntaxError which says where, as `line:column`, as far as the browser tells
 */
export function parseInput(text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(said(text, (error as Error).message));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SyntaxError('1:1: the input must be an object, as in {"name": "value"}.');
  return value as Record<string, unknown>;
}

/** Browsers say the place in words of their own, and none where the text ends too soon. */
function said(text: string, message: string): string {
  const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? [];
  if (line !== undefined) return `${line}:${column}: ${what(message)}`;
  const [, position] = /position (\d+)/.exec(message) ?? [];
  const at = position === undefined ? (/end of/.test(message) ? text.length : undefined) : Number(position);
  if (at === undefined) return message;
  const before = text.slice(0, at).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${what(message)}`;
}

function what(message: string): string {
  return message
    .replace(/^JSON\.parse: /, '')
    .replace(/,? ?"[^]*" is not valid JSON/, '')
    .replace(/ (in JSON )?at (position|line) .*$/, '');
}
