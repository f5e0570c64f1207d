// Checks what src/index.ts exports: each name is described and marked `@publicApi`, and what is marked in src/ is
// exported there or in src/testing/index.ts. `npm run lint` calls it.
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const entries = ['src/index.ts', 'src/testing/index.ts'].map((file) => root + file);
const config = ts.getParsedCommandLineOfConfigFile(
  `${root}tsconfig.json`,
  {},
  {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (problem) => {
      throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, '\n'));
    },
  },
);
const program = ts.createProgram([...entries, `${root}src/internal.ts`], config.options);
const checker = program.getTypeChecker();

const isMarked = (symbol) => symbol.getJsDocTags(checker).some(({ name }) => name === 'publicApi');
const exported = new Map();
const problems = [];
for (const entry of entries) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
  for (const name of checker.getExportsOfModule(module)) {
    const symbol = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
    exported.set(symbol, name.name);
    if (symbol.getDocumentationComment(checker).length === 0) problems.push(`${name.name} has no comment`);
    if (!isMarked(symbol)) problems.push(`${name.name} is exported and not marked @publicApi`);
  }
}
for (const file of program.getSourceFiles()) {
  if (!file.fileName.startsWith(`${root}src/`)) continue;
  const module = checker.getSymbolAtLocation(file);
  for (const name of module ? checker.getExportsOfModule(module) : []) {
    const symbol = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
    if (!isMarked(symbol) || exported.has(symbol)) continue;
    exported.set(symbol, name.name);
    problems.push(`${name.name} is marked @publicApi and not exported (${file.fileName.slice(root.length)})`);
  }
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
