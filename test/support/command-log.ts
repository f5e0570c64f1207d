import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Redis } from 'ioredis';
import { PARTITIONS_KEY } from '../../src/event-store/log/keys.js';
import { eventually } from './eventually.js';
import type { TestStore } from './event-store.js';

/** Time, database and client, which is `lua` for what a script calls; the command's name; the rest. */
const LINE = /^\+\S+ \[\d+ ([^\]]+)\] "([^"]+)"(.*)$/;

/**
 * The commands that a server of a test's own carries out, but for what every store asks it once a second: which
 * partitions there are. Counted with that, no number is exact on a slow machine.
 */
export class CommandLog {
  private calls = new Map<string, number>();
  private isCounted = true;
  private lastMark = '';
  private marks = 0;

  private constructor(
    private readonly redis: Redis,
    private readonly monitor: Socket,
  ) {
    // Not a client's `monitor()`: one that is busy takes the first lines for answers to other commands.
    createInterface(monitor).on('line', (line) => {
      const [, client, name = '', rest = ''] = LINE.exec(line) ?? [];
      if (client === undefined) return;
      // What a script calls comes right after it.
      if (client !== 'lua') this.isCounted = !rest.includes(`"${PARTITIONS_KEY}`);
      if (name === 'echo') this.lastMark = rest.trim();
      else if (this.isCounted) this.count(name.toLowerCase());
    });
  }

  static async of(store: TestStore): Promise<CommandLog> {
    const redis = store.redis.commands as Redis;
    const { host = '127.0.0.1', port = 6379 } = redis.options;
    const socket = connect(port, host);
    const log = new CommandLog(redis, socket);
    const begun = once(socket, 'data');
    socket.write('MONITOR\r\n');
    await begun;
    return log;
  }

  /** How often each command was carried out since it was last asked. Scripts are `evalsha`, what they call has its own name. */
  async take(): Promise<Map<string, number>> {
    const mark = `mark ${++this.marks}`;
    await this.redis.echo(mark);
    await eventually('it has seen all', () => this.lastMark === `"${mark}"`);
    const { calls } = this;
    this.calls = new Map();
    return calls;
  }

  stop(): void {
    this.monitor.destroy();
  }

  private count(name: string): void {
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
  }
}
