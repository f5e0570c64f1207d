import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/**
 * Reads `+<id>` and `-<id>` lines. At the end of its input, when the service is gone in whatever way, it kills the
 * process groups that are left.
 */
const GUARD_SCRIPT = `
groups=' '
while read -r line; do
  id="\${line#?}"
  case "$line" in
    +*) groups="$groups$id " ;;
    -*) groups="\${groups%% $id *} \${groups#* $id }" ;;
  esac
done
for id in $groups; do kill -s KILL -- "-$id" 2>/dev/null; done
`;

/**
 * Sees to it that no command outlives the service, a SIGKILL of the service included: a process of its own, started
 * with the first command, that holds the other end of a pipe.
 */
@Injectable()
export class ProcessGuard implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Executors');
  private readonly groups = new Set<number>();
  private guard: ChildProcess | undefined;

  onModuleInit(): void {
    process.on('exit', this.killAll);
  }

  onApplicationShutdown(): void {
    this.killAll();
    process.off('exit', this.killAll);
    this.guard?.stdin?.end();
  }

  add(groupId: number): void {
    this.groups.add(groupId);
    if (this.guard) this.tell(`+${groupId}`);
    else this.start();
  }

  remove(groupId: number): void {
    if (this.groups.delete(groupId)) this.tell(`-${groupId}`);
  }

  private start(): void {
    // In a session of its own: Ctrl-C in a terminal must not end it before the service.
    const guard = spawn('/bin/sh', ['-c', GUARD_SCRIPT], {
      detached: true,
      env: {},
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const forget = (): void => {
      if (this.guard === guard) this.guard = undefined;
    };
    guard.once('error', (error) => {
      forget();
      this.logger.warn(`Commands would outlive a service that is killed: ${error.message}`);
    });
    guard.once('exit', forget);
    guard.stdin.on('error', forget);
    // It is there as long as the service, but must not keep it alive.
    guard.unref();
    (guard.stdin as Writable & { unref(): void }).unref();
    this.guard = guard;
    for (const groupId of this.groups) this.tell(`+${groupId}`);
  }

  private tell(line: string): void {
    this.guard?.stdin?.write(`${line}\n`);
  }

  private readonly killAll = (): void => {
    for (const groupId of this.groups) {
      try {
        process.kill(-groupId, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    this.groups.clear();
  };
}
