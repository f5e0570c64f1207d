import type { AnswerOf, Run } from '@runstream/client';
import { type Shown, shown } from '../../render/shown.js';
import { ago, counted, duration } from '../../render/time.js';
import type { Session } from '../../session.js';

type Executor = AnswerOf<'listExecutors'>['executors'][number];

/** Why a run says nothing; undefined for one that has ended. */
export async function whyQuiet({ client, signal }: Session, run: Run): Promise<Shown | undefined> {
  if (run.status === 'running') return whyRunningIsQuiet(run);
  if (run.status !== 'pending') return undefined;
  const { executors } = await client.executors.list({ signal });
  return whyPending(
    run,
    executors.find(({ name }) => name === run.executor),
  );
}

function whyPending({ executor }: Run, found: Executor | undefined): Shown {
  if (!found || found.live_instances === 0) {
    return found?.served_by === 'workers'
      ? shown`No worker asks for runs of ${executor}.`
      : shown`No live process has the executor ${executor}.`;
  }
  const who: [string, string] =
    found.served_by === 'workers' ? ['worker', 'workers'] : ['process', 'processes'];
  const { live_instances, slots, running, pending } = found;
  if (slots && slots.total > 0 && slots.free === 0)
    return shown`It waits: all ${slots.total} slots of ${counted(live_instances, 'process', 'processes')} with the executor ${executor} are taken, and ${pending} wait.`;
  return shown`It waits for one of ${counted(live_instances, ...who)} with the executor ${executor}: ${running} run, ${pending} wait.`;
}

function whyRunningIsQuiet({ holder, waiting_for, executor, last_event_at }: Run): Shown {
  if (holder) {
    const leftMs = Date.parse(holder.lease_until) - Date.now();
    if (leftMs < 0)
      return shown`${holder.instance} was lost ${duration(-leftMs)} ago; another one takes over, or it fails.`;
    const waits = waiting_for === null ? shown`` : shown` It waits for ${waiting_for}.`;
    return shown`${holder.instance} has it.${waits}`;
  }
  if (executor !== 'external') return shown`No process has it at the moment.`;
  return shown`Its producer is outside, and last said something ${ago(last_event_at) ?? 'never'}.`;
}
