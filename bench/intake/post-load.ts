/** Posts the same body over some kept-alive connections for a while, each connection one request at a time. */
import { answerJobs } from '../support/load-process.js';
import { assertOk, RawConnection, requestHead } from '../support/raw-http.js';

export interface PostJob {
  url: string;
  connections: number;
  seconds: number;
  body: string;
}

export interface Posted {
  requests: number;
  seconds: number;
}

await answerJobs(async ({ url, connections, seconds, body }: PostJob): Promise<Posted> => {
  const target = new URL(url);
  const request = `${requestHead('POST', target, {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
  })}${body}`;
  const bytes = Buffer.from(request);
  const open = await Promise.all(Array.from({ length: connections }, () => RawConnection.open(target)));
  const start = performance.now();
  const end = start + seconds * 1000;
  let requests = 0;
  await Promise.all(
    open.map(async (connection) => {
      while (performance.now() < end) {
        assertOk(await connection.send(bytes));
        requests += 1;
      }
    }),
  );
  const took = (performance.now() - start) / 1000;
  for (const connection of open) connection.close();
  return { requests, seconds: took };
});
