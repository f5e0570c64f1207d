import { assertOk, RawConnection, requestHead } from './raw-http.js';

/** Where a run is appended to, watched and read. */
export interface RunPlace {
  readonly id: string;
  readonly events: string;
  readonly stream: string;
}

const AT_ONCE = 16;

export async function createRuns(serverUrl: string, count: number): Promise<RunPlace[]> {
  const url = new URL(`${serverUrl}/runs`);
  const body = JSON.stringify({ task: 'bench' });
  const headers = { 'Content-Type': 'application/json', 'Content-Length': String(body.length) };
  const request = requestHead('POST', url, headers) + body;
  const places: RunPlace[] = [];
  let left = count;
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, count) }, async () => {
      const connection = await RawConnection.open(url);
      while (left-- > 0) {
        const answer = await connection.send(request);
        assertOk(answer);
        const { id, links } = JSON.parse(answer.slice(answer.indexOf('{'))) as {
          id: string;
          links: { events: string; stream: string };
        };
        places.push({ id, events: serverUrl + links.events, stream: serverUrl + links.stream });
      }
      connection.close();
    }),
  );
  return places;
}

const TEXT = 'The quick brown fox jumps over the lazy dog, and is gone before anybody has seen it.';

/** An event as a producer sends it. */
export function eventOf(type: string, more: Readonly<Record<string, unknown>> = {}): string {
  const [category, action] = type.split('.');
  return JSON.stringify({
    event: { category, action },
    source: { agent_id: 'a1' },
    data: { ...more, content: TEXT },
  });
}
