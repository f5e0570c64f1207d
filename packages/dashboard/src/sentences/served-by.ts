import type { AnswerOf } from '@runstream/client';

type Executor = AnswerOf<'listExecutors'>['executors'][number];

/** What has an executor: programs outside that ask for its runs, or instances of the service. */
export function servedBy(executor: Pick<Executor, 'served_by'> | undefined): 'worker' | 'instance' {
  return executor?.served_by === 'workers' ? 'worker' : 'instance';
}
