/**
 * Runs before `npm start` (with --build) and tests: brings a fresh clone to where it can run. Each step looks
 * first and does nothing when all is there. Only what Node itself brings is used: there may be no node_modules yet.
 */
import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { ensureBuild } from './setup/build.mjs';
import { ensureDependencies } from './setup/dependencies.mjs';
import { alone } from './setup/lock.mjs';
import { ensureRedisServer } from './setup/redis-server.mjs';
import { SetupError, say } from './setup/report.mjs';

const projectDir = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const forStart = process.argv.includes('--build');

async function setUp() {
  checkNode();
  mkdirSync(join(projectDir, '.cache'), { recursive: true });
  await alone(projectDir, async () => {
    // Tests start servers of their own, whatever the service itself would use.
    if (!forStart || !usesOtherRedis()) ensureRedisServer(join(projectDir, '.cache', 'redis'));
    await ensureDependencies(projectDir);
    if (forStart) await ensureBuild(projectDir);
  });
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new SetupError(`Node ${process.versions.node} is too old: install Node 20.19 or later.`);
  }
}

function usesOtherRedis() {
  if (process.env.REDIS_URL) return true;
  try {
    // Only this one is looked at: nothing in the file is to change how npm and the compiler run.
    return Boolean(parseEnv(readFileSync(join(projectDir, '.env'), 'utf8')).REDIS_URL);
  } catch {
    return false; // there need not be one
  }
}

/** What a user can do something about gets one sentence; anything else is a defect here and keeps its stack. */
function explain(error) {
  if (error instanceof SetupError) return error.message;
  if (['EACCES', 'EPERM', 'EROFS'].includes(error.code)) {
    return `${error.path ?? projectDir} cannot be written by this user: start from a checkout that is yours.`;
  }
  return undefined;
}

try {
  await setUp();
} catch (error) {
  const sentence = explain(error);
  if (!sentence) throw error;
  say(sentence);
  process.exit(1);
}
