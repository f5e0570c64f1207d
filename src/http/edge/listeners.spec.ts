import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { BACKLOG, Listeners } from './listeners.js';

const BURST = 400;
/** Makes a file once all of them wait to be taken. */
const CONNECT = `
  const { connect } = require('node:net');
  const [port, count, file] = process.argv.slice(1);
  let connected = 0;
  for (let n = 0; n < count; n++) {
    connect(port, '127.0.0.1', () => { if (++connected == count) require('node:fs').writeFileSync(file, ''); })
      .on('error', () => undefined);
  }`;

let server: Server;
let listeners: Listeners;

beforeEach(async () => {
  server = createServer((_, response) => response.end('served'));
  server.listen(0, '127.0.0.1', BACKLOG);
  await once(server, 'listening');
  listeners = new Listeners(server);
});
afterEach(async () => {
  const closed = listeners.close();
  server.close();
  server.closeAllConnections();
  await closed;
});

const portOf = () => (server.address() as AddressInfo).port;

/** How many turns of the event loop it takes until a burst of connections is taken that all wait already. */
async function turnsForBurst(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'runstream-burst-'));
  const file = join(folder, 'all-wait');
  let taken = 0;
  server.on('connection', () => taken++);
  const burst = spawn(process.execPath, ['-e', CONNECT, String(portOf()), String(BURST), file]);
  try {
    // All in one turn, so that none is taken yet.
    while (!existsSync(file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    let turns = 0;
    for (; taken < BURST; turns++) await turn();
    return turns;
  } finally {
    burst.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
}

describe('Listeners of one port', () => {
  it('T240 take a connection each in a turn of the event loop', async () => {
    await listeners.add(7);
    expect(await turnsForBurst()).toBeLessThan(BURST / 2);
  });

  it('serve, and are closed with those that they serve', async () => {
    await listeners.add(3);
    const agent = new Agent({ keepAlive: true });
    const answers = Array.from({ length: 20 }, async () => {
      const [answer] = (await once(get({ port: portOf(), agent }), 'response')) as [IncomingMessage];
      answer.resume();
      await once(answer, 'end');
      return answer.statusCode;
    });
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
    const port = portOf();
    const closed = listeners.close();
    // It closes connections that wait for their next request, theirs included.
    server.close();
    await closed;
    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
    agent.destroy();
  });

  it('are none where they come too late', async () => {
    await listeners.close();
    await listeners.add(3);
    const port = portOf();
    server.close();
    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });
});
