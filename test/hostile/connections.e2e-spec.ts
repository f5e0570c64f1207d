import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { startService } from '../support/service.js';

const BURST = 1000;

describe('Connections', () => {
  it('T239 that come in a burst wait for a busy process, and are not left to try again', async () => {
    const most = Number(await readFile('/proc/sys/net/core/somaxconn', 'utf8').catch(() => '4096'));
    const service = await startService();
    const { hostname, port } = new URL(service.url);
    const sockets = [];
    try {
      // It takes nobody meanwhile.
      process.kill(service.child.pid, 'SIGSTOP');
      for (let n = 0; n < Math.min(BURST, most); n++) {
        const socket = connect(Number(port), hostname);
        sockets.push({ socket, connected: once(socket, 'connect') });
      }
      await Promise.all(sockets.map(({ connected }) => connected));
    } finally {
      process.kill(service.child.pid, 'SIGCONT');
      for (const { socket } of sockets) socket.destroy();
      expect(await service.stop()).toBe(0);
    }
  });
});
