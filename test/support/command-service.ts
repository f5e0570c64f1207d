import { createTestExecutors, typeOf } from './executors.js';
import { eventually } from './eventually.js';

/**
 * Stands for the service: executes a command with a child, says their process ids, and goes on until it is killed.
 * A command that ended before shows that the one is told from the other.
 */
const SCRIPT = `
  const child = require('child_process').spawn('sleep', ['60'], { stdio: 'inherit' });
  console.log(process.pid + ' ' + child.pid);
  setInterval(() => {}, 1000);
`;

const service = await createTestExecutors({
  commands: {
    short: { argv: [process.execPath, '-e', ''] },
    family: { argv: [process.execPath, '-e', SCRIPT] },
  },
});
const other = await service.createRun('command', { command: 'short' });
const id = await service.createRun('command', { command: 'family' });
await service.ended(other);
await eventually('the command says its process ids', async () => {
  const said = (await service.events(id)).find((event) => typeOf(event) === 'log.stdout');
  if (said) process.stdout.write(`pids ${String(said.data['line'])}\n`);
  return said !== undefined;
});
setInterval(() => undefined, 1000);
