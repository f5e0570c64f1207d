import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A folder outside of the repository, in which nothing of the repository's own packages can be found. */
export class Folder {
  private constructor(readonly path: string) {}

  static async open(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), 'runstream-embedding-')));
  }

  within(name: string): Folder {
    return new Folder(join(this.path, name));
  }

  /** @param content text, or what is written as JSON */
  async write(name: string, content: unknown): Promise<void> {
    const path = join(this.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  }

  /** Installs what its package.json says, from the registry. */
  async install(): Promise<void> {
    await this.run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error']);
  }

  /**
   * @returns what was printed
   * @throws Error with all that it printed, when it fails
   */
  async run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    try {
      const { stdout, stderr } = await execute(program, [...args], {
        cwd: this.path,
        env: { ...process.env, NODE_ENV: '', NO_COLOR: '1', ...env },
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout + stderr;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
