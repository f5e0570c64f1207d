import type { Application } from './installation.js';

const EXPECTATION = `
test('an order is followed', async () => {
  const { types, result } = await followOrder();
  expect(types).toEqual(['lifecycle.started', 'llm.stream', 'summary.written', 'lifecycle.completed']);
  expect(result).toEqual({ summary: 'A fairy tale.' });
}, 60_000);
`;

const JEST = ['--rootDir', '.', '--config', '{"transform":{}}', 'order.spec.js'];

/** Vitest as `nest new` sets it up, on the sources. */
export async function vitest(app: Application, env: NodeJS.ProcessEnv): Promise<void> {
  await app.folder.write(
    'test/order.spec.ts',
    `import { expect, test } from 'vitest';\nimport { followOrder } from '../src/follow-order.js';\n${EXPECTATION}`,
  );
  await app.settings();
  await app.run('vitest/vitest.mjs', ['run', '--root', '.'], env);
}

/** Jest with native ES modules, on what the compiler made. */
export async function jestOfModules(app: Application, env: NodeJS.ProcessEnv): Promise<void> {
  await app.folder.write(
    'test/order.spec.js',
    `import { expect, test } from '@jest/globals';\nimport { followOrder } from '../dist/follow-order.js';\n${EXPECTATION}`,
  );
  await app.run('jest/bin/jest.js', JEST, {
    ...env,
    NODE_OPTIONS: '--experimental-vm-modules',
  });
}

/** Jest with CommonJS can't load an ES module, which the README says. What it says itself is given back. */
export async function jestOfCommonjs(app: Application, env: NodeJS.ProcessEnv): Promise<string> {
  await app.folder.write(
    'test/order.spec.js',
    `const { followOrder } = require('../dist/follow-order.js');\n${EXPECTATION}`,
  );
  try {
    await app.run('jest/bin/jest.js', JEST, env);
  } catch (error) {
    const [said] = /SyntaxError: .*|Must use import to load ES Module.*/.exec(String(error)) ?? [];
    if (said === undefined) throw error;
    return `refuses, as documented (${said})`;
  }
  throw new Error('It works: README.md and docs/testing.md say that it does not.');
}
