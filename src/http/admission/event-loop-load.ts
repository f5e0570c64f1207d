import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';

const WINDOW_MS = 100;
const RESOLUTION_MS = 20;
/** A single long pause, as of garbage collection, is no overload: so many of the last windows must be bad. */
const WINDOWS = 5;
const BAD_WINDOWS = 3;
const BUSY_UTILIZATION = 0.9;
/** Beside busy neighbours a loop that does little seems busy all the time. What it really does, it has processor time for. */
const OWN_DOING = 0.7;
const MERELY_LATE_FACTOR = 10;

/** One window of time, as this process has seen it. */
export interface LoadWindow {
  /** How late the event loop was, on average, in milliseconds. */
  delayMs: number;
  /** Part of the time in which it did not wait for anything, 0 to 1. */
  utilization: number;
  /** Processor time that this process had, as a part of the time, 0 up. */
  processor: number;
}

/** Whether a window shows an event loop that is late by more than it may be, by this process's own doing. */
export function isOverloaded({ delayMs, utilization, processor }: LoadWindow, maxDelayMs: number): boolean {
  if (delayMs <= maxDelayMs) return false;
  if (delayMs > maxDelayMs * MERELY_LATE_FACTOR) return true;
  return utilization > BUSY_UTILIZATION && processor / utilization >= OWN_DOING;
}

/** Watches how late this process's event loop is, and why. */
export class EventLoopLoad {
  private readonly histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readonly timer: NodeJS.Timeout;
  private utilization: EventLoopUtilization = performance.eventLoopUtilization();
  private processor = process.cpuUsage();
  private since = performance.now();
  private bad: boolean[] = [];
  private latest = 0;

  /** @param maxDelayMs how late it may be; Infinity: as late as it likes */
  constructor(private readonly maxDelayMs: number) {
    this.histogram.enable();
    this.timer = setInterval(() => {
      this.look();
    }, WINDOW_MS).unref();
  }

  /** How late it was in the last window, in milliseconds. */
  get delayMs(): number {
    return this.latest;
  }

  /** Whether this process should take on nothing new. */
  get overloaded(): boolean {
    return this.bad.filter(Boolean).length >= BAD_WINDOWS;
  }

  stop(): void {
    clearInterval(this.timer);
    this.histogram.disable();
  }

  private look(): void {
    const now = performance.now();
    const processor = process.cpuUsage();
    const utilization = performance.eventLoopUtilization();
    const lastedMs = now - this.since;
    const window: LoadWindow = {
      // The timer itself may be what is late; the histogram has no sample of the turn that is not over yet.
      delayMs: Math.max(0, lastedMs - WINDOW_MS, this.meanDelayMs()),
      utilization: performance.eventLoopUtilization(utilization, this.utilization).utilization,
      processor:
        (processor.user + processor.system - this.processor.user - this.processor.system) / 1000 / lastedMs,
    };
    this.since = now;
    this.processor = processor;
    this.utilization = utilization;
    this.histogram.reset();
    this.latest = window.delayMs;
    this.bad = [...this.bad, isOverloaded(window, this.maxDelayMs)].slice(-WINDOWS);
  }

  private meanDelayMs(): number {
    const { mean } = this.histogram;
    return Number.isNaN(mean) ? 0 : mean / 1e6 - RESOLUTION_MS;
  }
}
