import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createDocument } from '../../src/http/index.js';
import { startApplication } from '../support/application.js';

const TYPES = 'packages/client/src/types.gen.ts';
const HEAD = '// Made from the OpenAPI document: UPDATE_TYPES=1 npm test -- test/client/types\n';

/** Of an application that has all routes. */
async function generate(): Promise<string> {
  const application = await startApplication({ auth: { mode: 'api-key' } });
  const folder = await mkdtemp(join(tmpdir(), 'runstream-types-'));
  try {
    const document = join(folder, 'openapi.json');
    await writeFile(document, JSON.stringify(createDocument(application.app), withoutErrors));
    const generator = ['node_modules/openapi-typescript/bin/cli.js', document];
    const { stdout } = await promisify(execFile)(process.execPath, generator);
    return `${HEAD}${stdout.replace(/^\/\*\*[^]*?\*\/\n/, '')}`;
  } finally {
    await Promise.all([application.close(), rm(folder, { recursive: true })]);
  }
}

/** Errors have one form, and codes that a client goes by. */
function withoutErrors(name: string, value: unknown): unknown {
  return /^[45]\d\d$/.test(name) ? undefined : value;
}

describe('the types of the client', () => {
  it('are those of the OpenAPI document (UPDATE_TYPES=1 writes them)', async () => {
    const types = await generate();
    if (process.env['UPDATE_TYPES'] === '1') await writeFile(TYPES, types);
    expect(await readFile(TYPES, 'utf8')).toBe(types);
  });
});
