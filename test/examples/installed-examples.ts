import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Child, startChild } from '../support/child.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An example that serves. */
export interface Served {
  child: Child;
  url: string;
}

/**
 * The examples outside of the repository: Runstream is installed into them as the package that would be published, and
 * Nest beside it, so that what is missing from the package, or is there twice, shows.
 */
export class InstalledExamples {
  private readonly app: string;

  private constructor(private readonly dir: string) {
    this.app = join(dir, 'app');
  }

  /** Installs and compiles all of them. */
  static async open(): Promise<InstalledExamples> {
    await run(process.execPath, [join(ROOT, 'scripts', 'setup.mjs'), '--build'], { cwd: ROOT });
    const examples = new InstalledExamples(await mkdtemp(join(tmpdir(), 'runstream-examples-')));
    try {
      await examples.install();
    } catch (error) {
      await examples.close();
      throw error;
    }
    return examples;
  }

  async start(name: string, settings: NodeJS.ProcessEnv): Promise<Served> {
    const env = { PATH: process.env['PATH'], PORT: '0', NO_COLOR: '1', ...settings };
    const child = startChild(process.execPath, [`dist/${name}/main.js`], { cwd: this.app, env });
    const line = await child.line(/^Serving on/);
    return { child, url: line.replace('Serving on ', '') };
  }

  /** A program of an example that serves nothing: `typescript-worker/worker.js`. */
  run(program: string, settings: NodeJS.ProcessEnv): Child {
    const env = { PATH: process.env['PATH'], ...settings };
    return startChild(process.execPath, [`dist/${program}`], { cwd: this.app, env });
  }

  /** Makes the page of the example chat of other packages than those that are installed: folders, by name. */
  async bundle(packages: Readonly<Record<string, string>>): Promise<void> {
    const aliases = Object.entries(packages).map(([name, folder]) => `--alias:${name}=${folder}`);
    await npm(['run', 'bundle', '--', ...aliases], this.app);
  }

  /** The tests that examples have of their own. Returns what they printed. */
  async test(redisUrl: string): Promise<string> {
    const env = { PATH: process.env['PATH'], REDIS_URL: redisUrl };
    return (await run(process.execPath, ['--test', 'dist/'], { cwd: this.app, env })).stdout;
  }

  async close(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }

  private async install(): Promise<void> {
    const isSource = (path: string): boolean => !/[/\\](node_modules|dist)$/.test(path);
    await cp(join(ROOT, 'examples'), this.app, { recursive: true, filter: isSource });
    await installPackage(this.dir, join(this.app, 'node_modules', 'runstream'));
    await installClient(join(this.app, 'node_modules', '@runstream', 'client'));
    // What a registry would give, one folder up, where both the examples and the package find it.
    await symlink(join(ROOT, 'node_modules'), join(this.dir, 'node_modules'));
    await npm(['run', 'build'], this.app).catch((error: unknown) => {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`The examples do not compile:\n${stdout}${stderr}`);
    });
  }
}

/** Packs Runstream as `npm publish` would, and unpacks it. */
async function installPackage(dir: string, target: string): Promise<void> {
  await npm(['pack', '--ignore-scripts', '--pack-destination', dir], ROOT);
  const tarball = (await readdir(dir)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack left no tarball.');
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', join(dir, tarball), '-C', target, '--strip-components=1']);
}

/** Builds the client as its package would have it. */
async function installClient(target: string): Promise<void> {
  const from = join(ROOT, 'packages', 'client');
  await mkdir(target, { recursive: true });
  await cp(join(from, 'package.json'), join(target, 'package.json'));
  const tsc = [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p'];
  await run(process.execPath, [...tsc, join(from, 'tsconfig.build.json'), '--outDir', join(target, 'dist')]);
}

/** The one that has started this, if it was one. */
async function npm(args: readonly string[], cwd: string): Promise<void> {
  const path = process.env['npm_execpath'];
  if (path?.endsWith('npm-cli.js')) await run(process.execPath, [path, ...args], { cwd });
  else await run('npm', args, { cwd });
}
