import type { Driver } from './driver.js';

/** What each program in JavaScript of docs/clients.md has. */
export type Follow = (
  url: string,
  options: {
    onEvent: (event: { id: string }) => void;
    onGap: (gap: object) => void;
    signal: AbortSignal;
    types?: readonly string[];
  },
) => Promise<void>;

/** A client in the hands of somebody who took the program. */
export function recipe(name: string, follow: Follow): Driver {
  return {
    name,
    open: ({ url, names, onHeard }) => {
      const end = new AbortController();
      const stopped = follow(url, {
        onEvent: (event) => {
          onHeard({ name: 'message', id: event.id, data: JSON.stringify(event) });
        },
        onGap: (gap) => {
          onHeard({ name: 'gap', id: '', data: JSON.stringify(gap) });
        },
        signal: end.signal,
        types: ['message', ...names],
      });
      return {
        stopped,
        close: () => {
          end.abort();
        },
      };
    },
  };
}
