import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What is tried, to the patch: what a newer one makes of the document is no defect of ours until somebody looks. */
const PACKAGES = {
  '@hey-api/openapi-ts': '0.99.0',
  '@redocly/cli': '2.77.0',
  '@stoplight/spectral-cli': '6.16.3',
  '@types/node': '22.20.5',
  'openapi-fetch': '0.17.0',
  'openapi-typescript': '7.13.0',
  orval: '8.38.0',
  typescript: '5.9.3',
};
/** Two of them need a newer Node than Runstream does: with an older one this package brings it. */
const NODE = { node: '24.21.0' };
const NEEDED_NODE = [22, 18] as const;

/** A folder outside of the repository in which the generators, the linters and a compiler are installed. */
export class Workshop {
  private constructor(readonly folder: string) {}

  /** Installs them from the registry, which takes about a minute. */
  static async open(): Promise<Workshop> {
    const workshop = new Workshop(await mkdtemp(join(tmpdir(), 'runstream-clients-')));
    await workshop.write('package.json', {
      private: true,
      type: 'module',
      dependencies: { ...PACKAGES, ...(isNodeNewEnough() ? {} : NODE) },
    });
    await workshop.write('.spectral.json', { extends: ['spectral:oas'] });
    await execute('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: workshop.folder,
      env: { ...process.env, NODE_ENV: '', SCARF_ANALYTICS: 'false' },
    });
    return workshop;
  }

  /**
   * Runs one of them, or `node` itself, and returns what it printed.
   *
   * @throws Error with all that it printed, when it fails
   */
  async run(
    name: string,
    args: readonly string[],
    cwd: string,
    env: NodeJS.ProcessEnv = {},
  ): Promise<string> {
    const node = isNodeNewEnough() ? process.execPath : join(this.folder, 'node_modules', '.bin', 'node');
    const program = name === 'node' ? [] : [join(this.folder, 'node_modules', '.bin', name)];
    try {
      const { stdout, stderr } = await execute(node, [...program, ...args], {
        cwd,
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', NO_COLOR: '1', ...env },
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout + stderr;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${name} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
    }
  }

  /** @param name from the folder on */
  async write(name: string, json: unknown): Promise<void> {
    const path = join(this.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(json, undefined, 2));
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

function isNodeNewEnough(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1]);
}
