import { setTimeout as delay } from 'node:timers/promises';
import {
  type Executor,
  type JsonObject,
  RunExecutor,
  type RunExecution,
  RunFailedError,
  ValidationFailedError,
} from 'runstream';
import type { Scene } from './render-events.js';

const FRAME_MS = 50;
const MEMORY_FRAMES = 1000;

/** Renders a scene frame by frame. A frame that is rendered twice does no harm, so a lost run begins anew. */
@RunExecutor('render', { concurrency: 4, onCrash: 'restart' })
export class RenderExecutor implements Executor {
  /** `POST /runs` answers 400 with this, before there is a run. So every run has a Scene for its input. */
  validateInput({ frames }: JsonObject): void {
    if (typeof frames === 'number' && Number.isInteger(frames) && frames > 0) return;
    throw new ValidationFailedError([{ path: 'frames', message: 'must be a whole number from 1 up' }]);
  }

  async execute(run: RunExecution<Scene>): Promise<JsonObject> {
    const { frames } = run.input;
    await run.emit('render.started', { frames });
    for (let frame = 1; frame <= frames; frame++) {
      if (frame > MEMORY_FRAMES) throw new RunFailedError('The memory is full.', { rendered: MEMORY_FRAMES });
      // Work that knows signals ends at once when the run is cancelled; a loop can call run.signal.throwIfAborted().
      await delay(FRAME_MS, undefined, { signal: run.signal });
      await run.emit('render.frame', { frame });
    }
    return { rendered: frames };
  }
}
