import type { FollowItem } from '@runstream/client';
import { shown, type Shown } from '../../render/shown.js';
import { duration } from '../../render/time.js';
import type { Session } from '../../session.js';
import { whyQuiet } from './standing.js';

/** A cut that is mended at once is not worth a word. */
const MIN_TRIES = 2;

/** Says, on stderr, that nothing comes, and why; and that the service is away, and that it is back. */
export class SilenceWatch implements Disposable {
  private timer: NodeJS.Timeout | undefined;
  private tries = 0;
  private lastAt = Date.now();

  constructor(
    private readonly session: Session,
    private readonly runId: string,
    private readonly afterMs: number,
    /** Called before each remark, to end a line that is open. */
    private readonly pause: () => Promise<void>,
  ) {
    this.arm(afterMs);
  }

  async heard(item: FollowItem): Promise<void> {
    if (item.kind === 'state') {
      if (item.state === 'waiting' && ++this.tries === MIN_TRIES) {
        await this.say(shown`The service can not be reached. It is tried until it can.`);
      }
      if (item.state === 'streaming') await this.back();
      return;
    }
    await this.back();
    this.lastAt = Date.now();
    this.arm(this.afterMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.timer);
  }

  private async back(): Promise<void> {
    if (this.tries >= MIN_TRIES) await this.say(shown`The service is back.`);
    this.tries = 0;
  }

  private arm(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.tellSilence(), ms);
  }

  /** Never rejects: what can not be asked is not said. */
  private async tellSilence(): Promise<void> {
    const { client, signal } = this.session;
    const silentSince = this.lastAt;
    const why = await client.runs
      .get(this.runId, {}, { signal })
      .then((run) => whyQuiet(this.session, run))
      .catch(() => undefined);
    // Something came meanwhile, or it has ended.
    if (signal.aborted || silentSince !== this.lastAt) return;
    const silentMs = Date.now() - this.lastAt;
    await this.say(shown`Silent for ${duration(silentMs)}. ${why ?? shown``}`);
    // Less often the longer it lasts.
    this.arm(silentMs);
  }

  private async say(text: Shown): Promise<void> {
    await this.pause();
    await this.session.out.note(shown`-- ${text}`.in('dim'));
  }
}
