import { whereJsonEnds } from './json-scan.js';

/**
 * The object that a text has in JSON; an empty text is an empty one.
 *
 * @throws SyntaxError which says where, as `line:column`
 */
export function parseInput(text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  const at = whereJsonEnds(text);
  if (at !== undefined) throw new SyntaxError(said(text, at));
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SyntaxError('1:1: the input must be an object, as in {"name": "value"}.');
  return value as Record<string, unknown>;
}

function said(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  const [next = ''] = text.slice(at);
  const what = next === '' ? 'it ends too soon' : `“${next}” is not JSON here`;
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${what}.`;
}
