const LEAST_PAUSE_MS = 250;
const MOST_PAUSE_MS = 5000;
/** What a service that is full or shuts down says, and a proxy whose service is away. */
const COME_BACK = [429, 502, 503, 504];

/** As `fetch`, but it asks until there is an answer: through restarts, kills and tunnels. */
export async function keepAsking(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const signal = init?.signal;
  for (let pauseMs = LEAST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS)) {
    const answer = await fetch(input, init).catch((error: unknown) => {
      if (signal?.aborted) throw error;
    });
    if (answer && !COME_BACK.includes(answer.status)) return answer;
    await new Promise((resolve) => {
      setTimeout(resolve, pauseMs * (1 + Math.random()));
      signal?.addEventListener('abort', resolve);
    });
  }
}
