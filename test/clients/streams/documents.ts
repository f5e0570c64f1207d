import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import type { Follow } from './recipe.js';

/** The code blocks of a document that have a name behind their language: what it says is what is run. */
export function codeBlocks(document: 'clients.md' | 'proxies.md'): Map<string, string> {
  const text = readFileSync(new URL(`../../../docs/${document}`, import.meta.url), 'utf8');
  const blocks = text.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms);
  return new Map([...blocks].map(([, name = '', code = '']) => [name, code]));
}

export function codeBlock(document: 'clients.md' | 'proxies.md', name: string): string {
  const code = codeBlocks(document).get(name);
  if (code === undefined) throw new Error(`docs/${document} has no code block ${name}.`);
  return code;
}

/**
 * The program in JavaScript of docs/clients.md, for Node.
 *
 * @param imports what it imports, or takes from the browser, by the names that it has there
 */
export function documentedFollow(name: string, imports: Record<string, unknown>): Follow {
  const code = codeBlock('clients.md', name)
    .replace(/^import .*$/gm, '')
    .replace(/^export /gm, '');
  return runInNewContext(`${code}; follow`, { ...GLOBALS, ...imports }) as Follow;
}

const GLOBALS = { AbortController, AbortSignal, TextDecoderStream, URL, fetch, setTimeout };
