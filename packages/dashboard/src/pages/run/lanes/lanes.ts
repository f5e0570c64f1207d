import type { RunEvent } from '@runstream/client';
import { signal } from '@preact/signals';
import { agentOf, isError, SILENCE_MS } from '../../../rows/events.js';
import { Lane } from './lane.js';

export const MAX_BUCKETS = 600;
export const MAX_LANES = 8;
/** Of so many agents it is known what each said, to find those that said most. */
const MAX_COUNTED = 64;
/** Names of those beyond are kept to count them, up to this many. */
const MAX_OTHERS = 1000;
const SMALLEST_MS = 16;
/** It is drawn again at most so often. */
const DRAW_MS = 250;

/** Nothing was said between two times, in ms since 1970. */
export interface Silence {
  fromMs: number;
  toMs: number;
}

interface Edge {
  sequence: number;
  atMs: number;
}

/**
 * Who said how much when, of all events that came: each is counted once, and then needed no more. However long a run is,
 * its time is in 600 pieces at most: when that is too few, a piece becomes twice as long.
 */
export class Lanes {
  /** Another one when there is something to draw. */
  readonly version = signal(0);
  /** All agents in one. */
  all = new Lane(undefined);
  /** The length of a piece of time, which begins at a multiple of it. */
  bucketMs = SMALLEST_MS;
  /** The first and the last piece. */
  from = Infinity;
  to = -Infinity;
  private longSilences = new Map<number, Silence>();
  private lanes = new Map<string | undefined, Lane>();
  private rest = new Lane(undefined);
  private others = new Set<string>();
  /** The outermost events that were counted. */
  private edges: { first: Edge; last: Edge } | undefined;
  private generation = 0;
  private isStale = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param events outwards from what was added before @param generation with another one all before is void */
  add(events: Iterable<RunEvent>, generation: number): void {
    if (generation !== this.generation) this.clear(generation);
    const before = this.all.count;
    for (const event of events) this.count(event);
    if (this.all.count !== before) this.tell();
  }

  close(): void {
    clearTimeout(this.timer);
  }

  /** Of the agents that said most, in the order in which they began. */
  get ofAgents(): Lane[] {
    return this.byCount.slice(0, MAX_LANES).sort((a, b) => a.first - b.first);
  }

  /** All other agents in one lane, and how many they are. */
  get ofOthers(): { count: number; lane: Lane } | undefined {
    const few = this.byCount.slice(MAX_LANES);
    const count = few.length + this.others.size;
    if (count === 0) return undefined;
    const lane = new Lane(undefined);
    for (const one of [...few, this.rest]) lane.join(one);
    return { count, lane };
  }

  /** Events of the run itself. */
  get ofRun(): Lane | undefined {
    return this.lanes.get(undefined);
  }

  private get byCount(): Lane[] {
    const ofAgents = [...this.lanes.values()].filter(({ agent }) => agent !== undefined);
    return ofAgents.sort((a, b) => b.count - a.count || a.first - b.first);
  }

  /** Of a piece of time in which more than one begins it is the longest: clocks of agents differ. */
  get silences(): Silence[] {
    return [...this.longSilences.values()];
  }

  indexAt(atMs: number): number {
    return Math.floor(atMs / this.bucketMs);
  }

  private count(event: RunEvent): void {
    const atMs = Date.parse(event.timestamp);
    if (Number.isNaN(atMs)) return;
    this.reach(atMs);
    this.listen({ sequence: event.sequence, atMs });
    const index = this.indexAt(atMs);
    const is = isError(event);
    this.laneOf(agentOf(event)).add(index, event.sequence, atMs, is);
    this.all.add(index, event.sequence, atMs, is);
  }

  private laneOf(agent: string | undefined): Lane {
    const known = this.lanes.get(agent);
    if (known) return known;
    if (agent !== undefined && this.lanes.size >= MAX_COUNTED) {
      if (this.others.size < MAX_OTHERS) this.others.add(agent);
      return this.rest;
    }
    const lane = new Lane(agent);
    this.lanes.set(agent, lane);
    return lane;
  }

  private reach(atMs: number): void {
    this.from = Math.min(this.from, this.indexAt(atMs));
    this.to = Math.max(this.to, this.indexAt(atMs));
    while (this.to - this.from >= MAX_BUCKETS) {
      this.bucketMs *= 2;
      this.from = Math.floor(this.from / 2);
      this.to = Math.floor(this.to / 2);
      for (const lane of [...this.lanes.values(), this.rest, this.all]) lane.halve();
      const before = this.silences;
      this.longSilences.clear();
      for (const silence of before) this.keep(silence);
    }
  }

  /** Whether nothing was said between this event and the one beside it. */
  private listen(edge: Edge): void {
    this.edges ??= { first: edge, last: edge };
    const { first, last } = this.edges;
    if (edge.sequence === first.sequence - 1) this.silent(edge, first);
    if (edge.sequence === last.sequence + 1) this.silent(last, edge);
    if (edge.sequence < first.sequence) this.edges.first = edge;
    if (edge.sequence > last.sequence) this.edges.last = edge;
  }

  private silent({ atMs: fromMs }: Edge, { atMs: toMs }: Edge): void {
    if (toMs - fromMs > SILENCE_MS) this.keep({ fromMs, toMs });
  }

  private keep(silence: Silence): void {
    const index = this.indexAt(silence.fromMs);
    const old = this.longSilences.get(index);
    if (!old || old.toMs - old.fromMs < silence.toMs - silence.fromMs) this.longSilences.set(index, silence);
  }

  private clear(generation: number): void {
    this.generation = generation;
    this.all = new Lane(undefined);
    this.rest = new Lane(undefined);
    this.lanes = new Map();
    this.others = new Set();
    this.longSilences.clear();
    this.edges = undefined;
    this.bucketMs = SMALLEST_MS;
    [this.from, this.to] = [Infinity, -Infinity];
    this.tell();
  }

  private tell(): void {
    if (this.timer !== undefined) {
      this.isStale = true;
      return;
    }
    this.version.value = this.version.peek() + 1;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (!this.isStale) return;
      this.isStale = false;
      this.tell();
    }, DRAW_MS);
  }
}
