import { createEventSource } from 'eventsource-client';
import type { Driver } from './driver.js';

/** With its defaults. It says that it was closed by ending its iterators. */
export function eventsourceClient(name: string): Driver {
  return {
    name,
    open: ({ url, onHeard }) => {
      const source = createEventSource({
        url,
        onMessage: ({ event = 'message', id = '', data }) => {
          onHeard({ name: event, id, data });
        },
      });
      const drained = async (): Promise<void> => {
        const messages = source[Symbol.asyncIterator]();
        while (!(await messages.next()).done);
      };
      return {
        stopped: drained(),
        close: () => {
          source.close();
        },
      };
    },
  };
}
