import { setTimeout as delay } from 'node:timers/promises';
import type { Provider } from '@nestjs/common';
import { type Executor, type RunExecution, RunExecutor } from '../../src/executors/index.js';
import { createTestExecutors } from './executors.js';

/**
 * Says every 50 ms who it is and which attempt this is, for as long as the input says: `firstMs` for the first attempt,
 * `ms` for others. It ignores its signal.
 */
async function tick(run: RunExecution): Promise<unknown> {
  process.stdout.write(`executes ${run.id} attempt ${run.attempt}\n`);
  run.signal.addEventListener('abort', () => {
    process.stdout.write(`aborted ${run.id} ${String((run.signal.reason as { reason: unknown }).reason)}\n`);
  });
  const { ms, firstMs = ms } = run.input;
  const until = Date.now() + Number(run.attempt === 1 ? firstMs : ms);
  while (Date.now() < until) {
    await run.emit('log.stdout', { line: `${process.pid} ${run.attempt}` });
    await delay(50);
  }
  return process.pid;
}

@RunExecutor('fragile', { leaseMs: 1000 })
class FragileExecutor implements Executor {
  execute(run: RunExecution): unknown {
    return tick(run);
  }
}

@RunExecutor('sturdy', { leaseMs: 1000, onCrash: 'restart' })
class SturdyExecutor implements Executor {
  execute(run: RunExecution): unknown {
    return tick(run);
  }
}

@RunExecutor('patient', { leaseMs: 4000 })
class PatientExecutor implements Executor {
  execute(run: RunExecution): unknown {
    return tick(run);
  }
}

/** Ends its process each time it is started. */
@RunExecutor('killer', { leaseMs: 1000, onCrash: 'restart' })
class KillerExecutor implements Executor {
  execute(run: RunExecution): unknown {
    process.stdout.write(`kills ${run.id} attempt ${run.attempt}\n`);
    process.kill(process.pid, 'SIGKILL');
    return undefined;
  }
}

/** A process that executes runs of one tenant: `executor-process.ts <redis url> <tenant>`. */
const [url = '', tenant = ''] = process.argv.slice(2);
const providers: Provider[] = [FragileExecutor, SturdyExecutor, PatientExecutor, KillerExecutor];
const instance = await createTestExecutors({ url, tenant, providers, shutdownTimeoutMs: 1000 });
process.on('SIGTERM', () => {
  void instance.close().then(() => process.exit(0));
});
process.stdin.on('end', () => process.exit(1)).resume();
process.stdout.write('ready\n');
