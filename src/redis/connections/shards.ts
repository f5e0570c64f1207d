import slotOf from 'cluster-key-slot';
import type { Cluster, Redis } from 'ioredis';
import { MAX_RECONNECT_DELAY_MS } from './make-client.js';
import { isCluster, type RedisClient } from './redis-client.js';

/** `refusing`: it answers, and takes no writes: out of memory, read-only, loading, failing to persist. */
export type RedisState = 'up' | 'refusing' | 'away';

/** One master, and what this process has seen of it. Without a cluster there is one. */
export class Shard {
  /** Undefined until the first answer. */
  state: RedisState | undefined;
  /** Which start of which server it was, when it was last asked. */
  server: string | undefined;
  /** It answers again, and has not said yet which server it is. */
  isUnidentified = false;
  /** Of its master, in a cluster. */
  address: string | undefined;
  private troubled = false;
  private readySince = 0;

  /**
   * @param name the lowest slot that it has; `0` without a cluster
   * @param probeKey a key that lies there; undefined while there is none for it
   * @param wasAway whether it may have been away lately without this process having seen that
   */
  constructor(
    readonly name: string,
    public probeKey: string | undefined,
    public node: Redis | undefined,
    private wasAway: boolean,
  ) {}

  /** It does not answer, does not serve, or another server has taken its place. */
  noteTrouble(): void {
    this.wasAway = true;
    this.troubled = true;
  }

  /** Since the last trouble it has not answered yet. */
  get isInTrouble(): boolean {
    return this.troubled;
  }

  noteRecovery(): void {
    this.troubled = false;
    this.readySince = Date.now();
  }

  /** For how long it has been there without an outage, in milliseconds; 0 while it is away. */
  get connectedForMs(): number {
    const isThere = this.node?.status === 'ready' && !this.troubled && this.readySince > 0;
    return isThere ? Date.now() - this.readySince : 0;
  }

  /** False when this process has seen an outage that is not long enough ago. */
  mayHaveBeenSteadyFor(ms: number): boolean {
    return !this.wasAway || this.connectedForMs >= ms + MAX_RECONNECT_DELAY_MS;
  }
}

const PARTS = 64;
const SLOTS = 16_384;
const PROBE = 'runstream:probe';

/** The shards that a client knows of. */
export class Shards {
  private readonly known = new Map<string, Shard>();
  private byAddress = new Map<string, Shard>();

  /** @param takesItsWord whether a server's uptime tells that nothing happened to its data: not where another may take over */
  constructor(
    private readonly client: RedisClient,
    private readonly takesItsWord: boolean,
  ) {
    if (isCluster(client)) {
      for (const event of ['refresh', '+node', '-node']) client.on(event, () => this.look(client));
    } else this.known.set('0', new Shard('0', PROBE, client, !takesItsWord));
  }

  /** All that there are at this moment; none while nothing is known of a cluster. */
  all(): Shard[] {
    return [...this.known.values()];
  }

  /** The one that has a key; undefined while nobody is known to. */
  of(key: string): Shard | undefined {
    if (!isCluster(this.client)) return this.known.get('0');
    return this.byAddress.get(ownerOf(this.client, slotOf(key)) ?? '');
  }

  /** A shard keeps its name, and with that what is known of it, when another node takes it over. */
  private look(cluster: Cluster): void {
    const lowest = new Map<string, number>();
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = ownerOf(cluster, slot);
      if (owner !== undefined && !lowest.has(owner)) lowest.set(owner, slot);
    }
    const masters = new Map(cluster.nodes('master').map((node) => [addressOf(node), node]));
    const former = new Map(this.known);
    this.known.clear();
    this.byAddress = new Map();
    for (const [owner, slot] of lowest) {
      const name = String(slot);
      const node = masters.get(owner);
      const probeKey = PROBES.find(({ slot: at }) => ownerOf(cluster, at) === owner)?.key;
      const shard = former.get(name) ?? new Shard(name, probeKey, node, !this.takesItsWord);
      // The next probe says how the new one is, and who.
      if (shard.address !== undefined && shard.address !== owner) shard.noteTrouble();
      shard.address = owner;
      shard.node = node;
      shard.probeKey = probeKey;
      this.known.set(name, shard);
      this.byAddress.set(owner, shard);
    }
  }
}

/** The address of the master of a slot, as the cluster's client knows it. */
export function ownerOf(cluster: Cluster, slot: number): string | undefined {
  return cluster.slots[slot]?.[0];
}

export function addressOf({ options }: Redis): string {
  return `${options.host}:${options.port}`;
}

/** A key in each 64th of the slots. */
const PROBES = probes();

function probes(): { slot: number; key: string }[] {
  const found = new Map<number, { slot: number; key: string }>();
  for (let n = 0; found.size < PARTS; n++) {
    const key = `${PROBE}:{${n}}`;
    const slot = slotOf(key);
    const part = Math.floor((slot * PARTS) / SLOTS);
    if (!found.has(part)) found.set(part, { slot, key });
  }
  return [...found.values()].sort((a, b) => a.slot - b.slot);
}
