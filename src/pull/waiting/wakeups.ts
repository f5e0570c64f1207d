import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { tenantOf, WorkListener, type WorkListenerHooks } from '../../stream-consumer/index.js';

/** Signals are heard for so long after the last who waited for them: a worker that waits again comes soon. */
const LINGER_MS = 30_000;

interface Listening {
  hooks: WorkListenerHooks;
  /** By tenant. */
  wakes: Map<string, Set<Wake>>;
  ending: NodeJS.Timeout | undefined;
}

/** @param isTargeted it was given back, or is due: it is not new */
export type Wake = (isTargeted: boolean) => void;

/** Tells those who wait for a tenant's work that there may be some. */
@Injectable()
export class Wakeups implements OnModuleDestroy {
  private readonly listening = new Map<string, Listening>();

  constructor(private readonly listener: WorkListener) {}

  /**
   * @param topic what kind of streams
   * @param consumer what those who consume them for this purpose are called
   * @returns ends it
   */
  add(topic: string, consumer: string, tenantId: string, wake: Wake): () => void {
    const name = `${topic} ${consumer}`;
    let one = this.listening.get(name);
    if (!one) {
      this.listening.set(name, (one = this.listen(topic, consumer)));
      this.listener.add(one.hooks);
    }
    clearTimeout(one.ending);
    const { wakes } = one;
    let ofTenant = wakes.get(tenantId);
    if (!ofTenant) wakes.set(tenantId, (ofTenant = new Set()));
    ofTenant.add(wake);
    return () => {
      ofTenant.delete(wake);
      if (ofTenant.size === 0 && wakes.get(tenantId) === ofTenant) wakes.delete(tenantId);
      if (wakes.size === 0) this.endSoon(name, one);
    };
  }

  onModuleDestroy(): void {
    for (const [name, one] of this.listening) this.end(name, one);
  }

  private listen(topic: string, consumer: string): Listening {
    const wakes = new Map<string, Set<Wake>>();
    const hooks: WorkListenerHooks = {
      ...{ topic, consumer, team: consumer },
      onWork: (partition, kind) => {
        for (const wake of wakes.get(tenantOf(partition)) ?? []) wake(kind !== 'news');
      },
      onHandedOn: () => undefined,
      onLeave: () => undefined,
      onGap: () => {
        for (const ofTenant of wakes.values()) for (const wake of ofTenant) wake(true);
      },
    };
    return { hooks, wakes, ending: undefined };
  }

  private endSoon(name: string, one: Listening): void {
    clearTimeout(one.ending);
    one.ending = setTimeout(() => {
      this.end(name, one);
    }, LINGER_MS).unref();
  }

  private end(name: string, one: Listening): void {
    clearTimeout(one.ending);
    this.listener.remove(one.hooks);
    if (this.listening.get(name) === one) this.listening.delete(name);
  }
}
