import { Injectable } from '@nestjs/common';
import { Draining } from '../../http/index.js';
import { WaitQueue, type WorkSource } from './wait-queue.js';
import { Wakeups } from './wakeups.js';

/** What is waited for. */
export interface Awaited {
  tenantId: string;
  /** In Redis, of an executor or a group. */
  name: string;
  /** What kind of streams it comes in, and what those who take from them for this are called. */
  topic: string;
  consumer: string;
}

/** The queues of this process, while somebody waits in them. */
@Injectable()
export class WaitQueues {
  private readonly queues = new Map<string, WaitQueue<never, never>>();

  constructor(
    private readonly wakeups: Wakeups,
    private readonly draining: Draining,
  ) {
    draining.signal.addEventListener('abort', () => {
      for (const queue of this.queues.values()) queue.sendAway();
    });
  }

  /** How many wait in this process. */
  get size(): number {
    let size = 0;
    for (const queue of this.queues.values()) size += queue.size;
    return size;
  }

  /** @param create of what the queue is served from, when it is made anew */
  of<Asked, Given>(
    { tenantId, name, topic, consumer }: Awaited,
    create: () => WorkSource<Asked, Given>,
  ): Pick<WaitQueue<Asked, Given>, 'wait'> {
    const key = `${topic} ${consumer} ${tenantId} ${name}`;
    const known = this.queues.get(key) as WaitQueue<Asked, Given> | undefined;
    const queue = known ?? this.create(key, { tenantId, name, topic, consumer }, create());
    return {
      wait: (asked, most, waitMs, gone) =>
        queue.wait(asked, most, this.draining.signal.aborted ? 0 : waitMs, gone),
    };
  }

  private create<Asked, Given>(
    key: string,
    { topic, consumer, tenantId }: Awaited,
    source: WorkSource<Asked, Given>,
  ): WaitQueue<Asked, Given> {
    let stop = (): void => undefined;
    const queue = new WaitQueue<Asked, Given>(source, (isUsed) => {
      if (isUsed) {
        this.queues.set(key, queue as unknown as WaitQueue<never, never>);
        stop = this.wakeups.add(topic, consumer, tenantId, (isTargeted) => {
          queue.wake(isTargeted);
        });
      } else {
        this.queues.delete(key);
        stop();
      }
    });
    return queue;
  }
}
