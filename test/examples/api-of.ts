export interface Run {
  id: string;
  status: string;
  task: string;
  result: unknown;
  error: unknown;
}

interface Asked {
  json?: unknown;
  method?: string;
  headers?: Record<string, string>;
}

interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

/** Requests to an example. @param url of the one that serves now */
export function apiOf(url: () => string) {
  async function ask(
    path: string,
    { json, method = json === undefined ? 'GET' : 'POST', headers = {} }: Asked = {},
  ): Promise<Answer> {
    const response = await fetch(url() + path, {
      method,
      headers: { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  const body = async <T>(path: string, asked?: Asked): Promise<T> => (await ask(path, asked)).body as T;

  /** The types of a run's events, in order. */
  async function typesOf(run: string): Promise<string[]> {
    const { events } = await body<{ events: { event: { category: string; action: string } }[] }>(
      `/runs/${run}/events`,
    );
    return events.map(({ event }) => `${event.category}.${event.action}`);
  }

  /** What a run has said, in order. */
  async function linesOf(run: string): Promise<string[]> {
    const page = await body<{ events: { data: { line: string } }[] }>(`/runs/${run}/events?type=log.stdout`);
    return page.events.map(({ data }) => data.line);
  }

  const ended = (run: string): Promise<Run> => body<Run>(`/runs/${run}?wait_seconds=20`);

  return { ask, body, typesOf, linesOf, ended };
}
