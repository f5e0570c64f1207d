import slotOf from 'cluster-key-slot';
import { type Cluster, Redis, type RedisOptions as IoredisOptions } from 'ioredis';
import { addressOf, ownerOf } from './shards.js';

/** Who listens to a channel. */
export interface Subscription {
  receive(message: string): void;
  /** From here on messages may be missed, until `restored()`. */
  interrupted?(): void;
  /** Subscribed again: what was missed is in the log. */
  restored?(): void;
}

interface Held {
  readonly subscription: Subscription;
  /** Settles with the first subscription that holds, or that Redis refuses. */
  readonly settled: (outcome: Promise<unknown>) => void;
  link: Redis | undefined;
}

/** Where channels are heard: on one connection, or in a cluster on one to each master, since messages stay in their slot. */
export interface Links {
  /** Undefined while the master of the channel's slot is not known. */
  of(channel: string): Redis | undefined;
  all(): Redis[];
  /** Called when a connection is ready again, and when the slots may lie elsewhere. */
  listen(onReady: (link: Redis) => void, onMoved: () => void, onMessage: OnMessage): void;
  /** Ends the connections that no channel needs. */
  keepOnly(used: ReadonlySet<Redis>): void;
  /** Looks soon for the masters anew, after which channels are moved; false where there is but one. */
  lookAgain(): boolean;
}

/** Between a refused subscription and the next look at the slots. */
const LOOK_AGAIN_MS = 200;

type OnMessage = (channel: string, message: string) => void;

/**
 * The sharded pub/sub channels that this process listens to. ioredis forgets what was on its way when a connection broke,
 * and can't tell whether a subscription holds, so this subscribes again itself: on the same connection commands keep their
 * order, so once the last one is confirmed all are.
 */
export class LiveChannels {
  private readonly held = new Map<string, Held>();

  constructor(readonly links: Links) {
    links.listen(
      (link) => this.place([...this.held].filter(([, one]) => one.link === link)),
      () => this.move(),
      (channel, message) => this.held.get(channel)?.subscription.receive(message),
    );
  }

  /** Settles with the first subscription that holds; waits while Redis is away. Rejects when Redis refuses. */
  subscribe(channel: string, subscription: Subscription): Promise<unknown> {
    return new Promise((resolve) => {
      const held: Held = { subscription, settled: resolve, link: this.links.of(channel) };
      this.held.set(channel, held);
      this.ask(channel, held)?.catch(ignore);
    });
  }

  unsubscribe(channel: string): void {
    const link = this.held.get(channel)?.link;
    this.held.delete(channel);
    // A subscription made right after this one holds. A failure means that the connection is gone, and the subscription
    // with it.
    if (link?.status === 'ready') link.sunsubscribe(channel).catch(ignore);
  }

  /** To the connections that are their masters' now. */
  private move(): void {
    const moved = [...this.held].filter(([channel, held]) => {
      const link = this.links.of(channel);
      if (link === held.link) return false;
      if (held.link?.status === 'ready') held.link.sunsubscribe(channel).catch(ignore);
      held.link = link;
      return true;
    });
    this.place(moved);
    const used = new Set<Redis>();
    for (const { link } of this.held.values()) if (link) used.add(link);
    this.links.keepOnly(used);
  }

  /** Subscribes again. Those of one connection are told together, when the last of them holds. */
  private place(channels: readonly (readonly [string, Held])[]): void {
    const byLink = new Map<Redis, { last: Promise<unknown>; told: Held[] }>();
    for (const [channel, held] of channels) {
      held.subscription.interrupted?.();
      const outcome = this.ask(channel, held);
      if (!outcome || !held.link) continue;
      outcome.catch(ignore);
      const told = byLink.get(held.link)?.told ?? [];
      told.push(held);
      byLink.set(held.link, { last: outcome, told });
    }
    for (const { last, told } of byLink.values()) {
      last.then(() => told.forEach(({ subscription }) => subscription.restored?.()), ignore);
    }
  }

  /** Nothing is queued in a connection that is not ready: it asks for all that is held then once it is. */
  private ask(channel: string, held: Held): Promise<unknown> | undefined {
    const { link, settled } = held;
    if (link?.status !== 'ready') return undefined;
    const outcome = link.ssubscribe(channel);
    // Not settled(outcome) at once: one that is lost with its connection never settles, and a later one then counts.
    const settle = (): void => settled(outcome);
    outcome.then(settle, (error: unknown) => {
      // The slot has moved, or nobody has it at the moment: it is asked for again where it is then.
      const isElsewhere = /^(MOVED|ASK|CLUSTERDOWN|TRYAGAIN)\b/.test((error as Error).message);
      if (!isElsewhere || !this.links.lookAgain()) settle();
      else if (held.link === link) held.link = undefined;
    });
    return outcome;
  }
}

/** All on one connection. */
export class SingleLink implements Links {
  constructor(private readonly link: Redis) {}

  of(): Redis {
    return this.link;
  }

  all(): Redis[] {
    return [this.link];
  }

  listen(onReady: (link: Redis) => void, _onMoved: () => void, onMessage: OnMessage): void {
    this.link.on('ready', () => onReady(this.link));
    this.link.on('smessage', onMessage);
  }

  keepOnly(): void {
    // There is but one.
  }

  lookAgain(): boolean {
    return false;
  }
}

/** One connection to each master that has a channel. */
export class ClusterLinks implements Links {
  private readonly links = new Map<string, Redis>();
  private looking: NodeJS.Timeout | undefined;
  private onReady: (link: Redis) => void = ignore;
  private onMessage: OnMessage = ignore;

  constructor(
    private readonly cluster: Cluster,
    private readonly options: IoredisOptions,
  ) {}

  of(channel: string): Redis | undefined {
    const owner = ownerOf(this.cluster, slotOf(channel));
    if (owner === undefined) return undefined;
    const known = this.links.get(owner);
    if (known) return known;
    const node = this.cluster.nodes('master').find((one) => addressOf(one) === owner);
    return node && this.open(owner, node);
  }

  all(): Redis[] {
    return [...this.links.values()];
  }

  listen(onReady: (link: Redis) => void, onMoved: () => void, onMessage: OnMessage): void {
    this.onReady = onReady;
    this.onMessage = onMessage;
    this.cluster.on('refresh', onMoved);
  }

  keepOnly(used: ReadonlySet<Redis>): void {
    for (const [owner, link] of this.links) {
      if (used.has(link)) continue;
      this.links.delete(owner);
      link.disconnect();
    }
  }

  lookAgain(): boolean {
    this.looking ??= setTimeout(() => {
      this.looking = undefined;
      this.cluster.refreshSlotsCache();
    }, LOOK_AGAIN_MS).unref();
    return true;
  }

  private open(owner: string, { options }: Redis): Redis {
    const { host, port, family, username, password, tls } = options;
    const address = { host, port, family, username, password, tls };
    const link = new Redis({ ...(address as IoredisOptions), ...this.options, lazyConnect: false });
    link.on('error', ignore);
    link.on('ready', () => this.onReady(link));
    link.on('smessage', (channel: string, message: string) => this.onMessage(channel, message));
    // Redis takes subscriptions back whose slot has left it.
    link.on('moved', () => this.cluster.refreshSlotsCache());
    this.links.set(owner, link);
    return link;
  }
}

function ignore(): void {
  // Tried again when the connection is there again, or the slots are known.
}
