import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type LongTimeout, setWaitLimit } from '../common/index.js';
import type { HealthIndicator } from './health-indicator.js';

export type CheckState = 'up' | 'down';

/** What is up and what is not. @publicApi */
export interface HealthReport {
  ready: boolean;
  /** One state an indicator; `service` is down while it shuts down. */
  checks: Record<string, CheckState>;
}

/** A check that takes longer counts as down: who asks wants an answer now. */
const CHECK_TIMEOUT_MS = 2000;

/**
 * Collects what must be up before the service can serve.
 *
 * @publicApi
 */
@Injectable()
export class HealthRegistry implements OnModuleDestroy {
  private readonly logger = new Logger('Health');
  private readonly indicators = new Map<string, HealthIndicator>();
  private readonly last = new Map<string, CheckState>();
  private stopping = false;
  private asked: Promise<HealthReport> | undefined;

  register(indicator: HealthIndicator): void {
    if (this.indicators.has(indicator.name)) {
      throw new Error(`There is a health indicator "${indicator.name}" already. Give each its own name.`);
    }
    this.indicators.set(indicator.name, indicator);
  }

  /** Whoever asks while a report is made gets that one: a check may cost Redis a write. */
  report(): Promise<HealthReport> {
    this.asked ??= this.make().finally(() => (this.asked = undefined));
    return this.asked;
  }

  private async make(): Promise<HealthReport> {
    const states = await Promise.all(
      [...this.indicators.values()].map(async (one): Promise<[string, CheckState]> => [
        one.name,
        await this.ask(one),
      ]),
    );
    const checks: Record<string, CheckState> = Object.fromEntries(states);
    if (this.stopping) checks['service'] = 'down';
    return { ready: Object.values(checks).every((state) => state === 'up'), checks };
  }

  onModuleDestroy(): void {
    this.stopping = true;
  }

  private async ask(indicator: HealthIndicator): Promise<CheckState> {
    let timer: LongTimeout | undefined;
    const tooSlow = new Promise<never>((_, reject) => {
      timer = setWaitLimit(() => {
        reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`));
      }, CHECK_TIMEOUT_MS);
    });
    try {
      await Promise.race([indicator.check(), tooSlow]);
      this.note(indicator.name, 'up');
      return 'up';
    } catch (error) {
      this.note(indicator.name, 'down', error instanceof Error ? error.message : String(error));
      return 'down';
    } finally {
      timer?.cancel();
    }
  }

  /** Logs changes only: a probe asks every few seconds. */
  private note(name: string, state: CheckState, reason?: string): void {
    if (this.last.get(name) === state) return;
    if (state === 'down') this.logger.warn(`${name} is down: ${reason}`);
    else if (this.last.has(name)) this.logger.log(`${name} is up again`);
    this.last.set(name, state);
  }
}
