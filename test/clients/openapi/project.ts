import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Workshop } from './workshop.js';

const COMPILER = {
  strict: true,
  noUncheckedIndexedAccess: true,
  target: 'ES2022',
  module: 'nodenext',
  moduleResolution: 'nodenext',
  lib: ['ES2023', 'DOM', 'DOM.Iterable'],
  types: ['node'],
  // Of the libraries; what is generated is no declaration file.
  skipLibCheck: true,
  rootDir: '.',
  outDir: 'out',
};

/** One document, in a folder of a workshop, and what is made of it. */
export class Project {
  private readonly folder: string;

  private constructor(
    private readonly workshop: Workshop,
    name: string,
  ) {
    this.folder = join(workshop.folder, name);
  }

  static async of(workshop: Workshop, name: string, document: unknown): Promise<Project> {
    await workshop.write(`${name}/openapi.json`, document);
    await workshop.write(`${name}/package.json`, { private: true, type: 'module' });
    await workshop.write(`${name}/tsconfig.json`, {
      compilerOptions: COMPILER,
      include: ['*.ts', 'generated/**/*.ts'],
    });
    return new Project(workshop, name);
  }

  /** @returns what the linter has to say at the end, which is how many warnings there are */
  async redocly(): Promise<string> {
    const printed = await this.run('redocly', ['lint', '--format=json', 'openapi.json']);
    return counts(/"errors": (\d+),\s+"warnings": (\d+)/.exec(printed));
  }

  async spectral(): Promise<string> {
    const rules = join(this.workshop.folder, '.spectral.json');
    const printed = await this.run('spectral', ['lint', 'openapi.json', '-r', rules]);
    return counts(/\((\d+) errors?, (\d+) warnings?/.exec(printed) ?? ['', '0', '0']);
  }

  /** @param baseUrl where its clients send their requests, which orval writes into them */
  async generate(baseUrl: string): Promise<void> {
    await this.run('openapi-typescript', ['openapi.json', '-o', 'generated/openapi-typescript.ts']);
    await this.configure('openapi-ts', {
      input: './openapi.json',
      output: { path: 'generated/hey-api', module: { extension: '.js' } },
      plugins: ['@hey-api/client-fetch', '@hey-api/sdk', '@hey-api/typescript'],
    });
    await this.run('openapi-ts', ['-f', 'openapi-ts.config.mjs']);
    await this.configure('orval', {
      runstream: {
        input: { target: './openapi.json' },
        output: { target: './generated/orval.ts', client: 'fetch', mode: 'single', headers: true, baseUrl },
      },
    });
    await this.run('orval', ['--config', 'orval.config.mjs']);
  }

  /** Compiles all that was generated, and these programs. */
  async compile(programs: readonly string[]): Promise<void> {
    for (const program of programs) {
      const source = new URL(`programs/${program}.ts`, import.meta.url);
      await copyFile(fileURLToPath(source), join(this.folder, `${program}.ts`));
    }
    await this.run('tsc', ['-p', '.']);
  }

  async call(program: string, env: NodeJS.ProcessEnv): Promise<void> {
    await this.run('node', [join('out', `${program}.js`)], env);
  }

  private configure(tool: string, config: object): Promise<void> {
    return writeFile(join(this.folder, `${tool}.config.mjs`), `export default ${JSON.stringify(config)};\n`);
  }

  private run(tool: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
    return this.workshop.run(tool, args, this.folder, env);
  }
}

function counts(found: readonly string[] | null): string {
  const [, errors = '?', warnings = '?'] = found ?? [];
  if (errors !== '0') throw new Error(`It found ${errors} errors.`);
  return `${errors} errors, ${warnings} warnings`;
}
