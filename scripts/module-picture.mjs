/**
 * The picture of the modules in docs/architecture.md, made from the table that the lint holds imports to. Writes it there;
 * with --check it only says whether it is current, and so do the rows of the table below it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const FILE = new URL('../docs/architecture.md', import.meta.url);
const BEGIN = '<!-- modules: made by scripts/module-picture.mjs -->\n';
const END = '<!-- end of modules -->';
/** Imported by nearly all: arrows to it would hide the others. */
const LEFT_OUT = 'common';

const { MODULES } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const text = readFileSync(FILE, 'utf8');
const wanted = replaced(text, picture());

if (process.argv.includes('--check')) {
  const rows = [...text.matchAll(/^\| `([a-z-]+)\/`/gm)].map((match) => match[1]);
  const missing = Object.keys(MODULES).filter((name) => !rows.includes(name));
  const unknown = rows.filter((name) => !(name in MODULES));
  if (wanted !== text)
    console.log('The picture is not current. Make it with: node scripts/module-picture.mjs');
  if (missing.length > 0) console.log(`The table of folders lacks ${missing.join(', ')}.`);
  if (unknown.length > 0)
    console.log(`The table of folders has ${unknown.join(', ')}, of which there is none.`);
  process.exitCode = wanted === text && missing.length + unknown.length === 0 ? 0 : 1;
} else {
  writeFileSync(FILE, wanted);
}

function picture() {
  const lines = Object.entries(MODULES).flatMap(([name, imports]) =>
    imports
      .map((entry) => ({ to: entry.split(' ')[0], typesOnly: entry.includes('types') }))
      .filter(({ to }) => to !== LEFT_OUT)
      .map(({ to, typesOnly }) => `  ${name} ${typesOnly ? '-.types.->' : '-->'} ${to}`),
  );
  const alone = Object.keys(MODULES).filter(
    (name) => name !== LEFT_OUT && !lines.some((line) => line.split(' ').includes(name)),
  );
  return ['```mermaid', 'flowchart LR', ...alone.map((name) => `  ${name}`), ...lines, '```'].join('\n');
}

function replaced(whole, block) {
  const [before, rest = ''] = whole.split(BEGIN);
  const after = rest.slice(rest.indexOf(END));
  return `${before}${BEGIN}\n${block}\n\n${after}`;
}
