import { transformFile } from '@swc/core';
import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../../support/child.js';
import { Folder } from './folder.js';

const PROGRAMS = fileURLToPath(new URL('app', import.meta.url));

export type Modules = 'esm' | 'commonjs';

/** The code of the README's section for applications. */
async function codeOfReadme(): Promise<string> {
  const readme = await readFile('README.md', 'utf8');
  const code = /^```ts\n(\/\/ src\/app\.module\.ts\n[^]*?)^```$/m.exec(readme)?.[1];
  if (code === undefined) throw new Error('README.md has no block that begins with "// src/app.module.ts".');
  return code;
}

/** The packages of one line of the matrix, with applications in folders below them. */
export class Installation {
  private constructor(private readonly folder: Folder) {}

  /** @param packages beside Runstream itself and TypeScript, with their versions */
  static async make(tarball: string, packages: Record<string, string>): Promise<Installation> {
    const folder = await Folder.open();
    const tools = { typescript: '^6.0.3', '@types/node': '^20.19.43' };
    await folder.write('package.json', {
      private: true,
      dependencies: { runstream: `file:${tarball}`, ...packages, ...tools },
    });
    try {
      await folder.install();
    } catch (error) {
      await folder.close();
      throw error;
    }
    return new Installation(folder);
  }

  /** The version of a package that was installed. */
  async version(name: string): Promise<string> {
    const path = join(this.folder.path, 'node_modules', name, 'package.json');
    return (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version;
  }

  /** The sources of an application, with the README's code in it. */
  async application(name: string, modules: Modules): Promise<Application> {
    const folder = this.folder.within(name);
    await mkdir(folder.path, { recursive: true });
    await cp(PROGRAMS, join(folder.path, 'src'), { recursive: true });
    await folder.write('src/app.module.ts', await codeOfReadme());
    await folder.write('package.json', { type: modules === 'esm' ? 'module' : 'commonjs' });
    return new Application(folder, join(this.folder.path, 'node_modules'), modules);
  }

  async close(): Promise<void> {
    await this.folder.close();
  }
}

export class Application {
  constructor(
    readonly folder: Folder,
    private readonly packages: string,
    private readonly modules: Modules,
  ) {}

  /** Compiles a program and what it imports. */
  async tsc(program: string, options: Record<string, unknown> = {}): Promise<void> {
    await this.settings({ files: [`src/${program}.ts`] }, options);
    await this.run('typescript/bin/tsc', []);
  }

  /** A tsconfig.json with the checks that `nest new --strict` has and more, and with those that libraries are seldom put to. */
  async settings(what: object = {}, options: Record<string, unknown> = {}): Promise<void> {
    await this.folder.write('tsconfig.json', {
      compilerOptions: {
        module: 'nodenext',
        target: 'ES2023',
        strict: true,
        noUncheckedIndexedAccess: true,
        emitDecoratorMetadata: true,
        experimentalDecorators: true,
        isolatedModules: true,
        esModuleInterop: true,
        types: ['node'],
        rootDir: 'src',
        outDir: 'dist',
        ...options,
      },
      ...what,
    });
  }

  /** Compiles all of it, without looking at types. */
  async swc(): Promise<void> {
    const type = this.modules === 'esm' ? 'nodenext' : 'commonjs';
    for (const name of await readdir(join(this.folder.path, 'src'))) {
      const { code } = await transformFile(join(this.folder.path, 'src', name), {
        swcrc: false,
        module: { type },
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2022',
        },
      });
      await this.folder.write(`dist/${basename(name, '.ts')}.js`, code);
    }
  }

  /** Runs a program of an installed package, and returns what it printed. */
  async run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    return this.folder.run(process.execPath, [join(this.packages, program), ...args], env);
  }

  start(program: string, env: NodeJS.ProcessEnv): Child {
    return startChild(process.execPath, [`dist/${program}.js`], {
      cwd: this.folder.path,
      env: { PATH: process.env['PATH'], ...env },
    });
  }
}
