import type { RecordedEvent } from '../../conformance/model.js';
import { CONTROL_FRAMES, type Driver } from './driver.js';

interface Message {
  type: string;
  data: string;
  lastEventId: string;
}

/** As far as browsers and all that follow them have it. */
interface EventSourceLike {
  readonly readyState: number;
  onerror: (() => void) | null;
  addEventListener(name: string, listener: (message: Message) => void): void;
  close(): void;
}

/** Their types differ, in what does not matter here. */
export type EventSourceClass = new (url: string) => object;

export interface EventSourceOptions {
  /** Whether it goes on asking at a 204, until its user closes it. Default: it stops. */
  neverStops?: boolean;
}

const CLOSED = 2;

/** An EventSource with its defaults. */
export function eventSource(
  name: string,
  EventSource: EventSourceClass,
  { neverStops = false }: EventSourceOptions = {},
): Driver {
  return {
    name,
    open: ({ url, names, onHeard }) => {
      const source = new EventSource(url) as EventSourceLike;
      const stopped = new Promise<void>((resolve) => {
        for (const each of ['message', ...names, ...CONTROL_FRAMES])
          source.addEventListener(each, ({ type, data, lastEventId }) => {
            onHeard({ name: type, id: lastEventId, data });
            if (!neverStops || !(type === 'close' || isEnd(data))) return;
            source.close();
            resolve();
          });
        source.onerror = () => {
          if (source.readyState === CLOSED) resolve();
        };
      });
      return {
        stopped,
        close: () => {
          source.close();
        },
      };
    },
  };
}

/** Of a run: after it, and before `close`, the connection may be cut as well. */
function isEnd(data: string): boolean {
  const { event, source } = JSON.parse(data) as Partial<RecordedEvent>;
  return !source && event?.category === 'lifecycle' && event.action !== 'started';
}
