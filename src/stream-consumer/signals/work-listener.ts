import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { RedisConnections } from '../../redis/index.js';
import { BUCKETS, type Partition } from '../buckets.js';
import { WORK_KEYS } from '../work-keys.js';

/** `news` for all consumers; what is `targeted` at this one. `all` or `look`: its home can't, and asks others to look so far. */
export type WorkKind = 'news' | 'targeted' | 'all' | 'look';

/** What a consumer hears. */
export interface WorkListenerHooks {
  consumer: string;
  /** Its processes that may take each other's place. */
  team: string;
  topic: string;
  onWork(partition: Partition, kind: WorkKind): void;
  /** One of its processes, this one perhaps, was given entries by another. */
  onHandedOn(partition: Partition, member: string): void;
  /** A member of the consumer has left. */
  onLeave(): void;
  /** Signals may have been missed. */
  onGap(): void;
}

/** Hears the signals of all buckets, once for all consumers of the process. */
@Injectable()
export class WorkListener implements OnApplicationShutdown {
  private readonly listeners = new Set<WorkListenerHooks>();
  private readonly channels: readonly string[];
  private gap: NodeJS.Immediate | undefined;

  constructor(private readonly redis: RedisConnections) {
    this.channels = BUCKETS.map((bucket) => redis.channel(WORK_KEYS.channel(bucket)));
  }

  add(listener: WorkListenerHooks): void {
    this.listeners.add(listener);
    if (this.listeners.size > 1) return;
    for (const channel of this.channels) {
      // What fails is tried again when the connection is there again; until then consumers look for themselves.
      this.redis.channels
        .subscribe(channel, { receive: this.onMessage, restored: this.onGap })
        .then(this.onGap, () => undefined);
    }
  }

  remove(listener: WorkListenerHooks): void {
    if (!this.listeners.delete(listener) || this.listeners.size > 0) return;
    for (const channel of this.channels) this.redis.channels.unsubscribe(channel);
  }

  onApplicationShutdown(): void {
    for (const listener of this.listeners) this.remove(listener);
  }

  /** Once for all channels that are heard again at the same moment. */
  private readonly onGap = (): void => {
    this.gap ??= setImmediate(() => {
      this.gap = undefined;
      for (const listener of this.listeners) listener.onGap();
    });
  };

  private readonly onMessage = (text: string): void => {
    for (const line of text.split('\n')) {
      const [what = '', where = '', to, member = ''] = line.split(' ');
      const partition = where as Partition;
      for (const listener of this.listeners) {
        if (what === listener.topic) {
          if (to === undefined) listener.onWork(partition, 'news');
          else if (to === listener.consumer) listener.onWork(partition, 'targeted');
        } else if (to === listener.team) {
          if (what === HELP || what === HELP_LOOK) listener.onWork(partition, what === HELP ? 'all' : 'look');
          else if (what === HANDED_ON) listener.onHandedOn(partition, member);
          else if (what === LEAVE) listener.onLeave();
        }
      }
    }
  };
}

// No topic begins with these.
const HELP = '!help';
const HELP_LOOK = '!help-look';
const LEAVE = '!leave';
const HANDED_ON = '!handed-on';

export function helpMessage(partition: Partition, isLook: boolean, team: string): string {
  return `${isLook ? HELP_LOOK : HELP} ${partition} ${team}`;
}

export function leaveMessage(team: string): string {
  return `${LEAVE} - ${team}`;
}

export function handedOnMessage(partition: Partition, team: string, member: string): string {
  return `${HANDED_ON} ${partition} ${team} ${member}`;
}
