/**
 * Uploads NDJSON: one request to each URL, all at the same time, as fast as the sockets take it. The time ends when
 * the last answer is there: then every line is stored.
 */
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { answerJobs } from '../support/load-process.js';
import { assertOk, connectTo, requestHead } from '../support/raw-http.js';

export interface UploadJob {
  urls: readonly string[];
  /** Lines to each of them. */
  lines: number;
  /** One event, without its newline. */
  line: string;
}

export interface Uploaded {
  seconds: number;
  /** The last event of each run. */
  lastIds: string[];
}

const LINES_PER_CHUNK = 200;

await answerJobs(async ({ urls, lines, line }: UploadJob): Promise<Uploaded> => {
  const whole = chunkOf(line, LINES_PER_CHUNK);
  const rest = lines % LINES_PER_CHUNK === 0 ? undefined : chunkOf(line, lines % LINES_PER_CHUNK);
  const sockets = await Promise.all(urls.map(async (url) => connectTo(new URL(url))));
  const start = performance.now();
  const answers = await Promise.all(
    sockets.map(async (socket, i) => {
      const answer = text(socket);
      const headers = {
        'Content-Type': 'application/x-ndjson',
        'Transfer-Encoding': 'chunked',
        Connection: 'close',
      };
      socket.write(requestHead('POST', new URL(urls[i]!), headers));
      for (let sent = 0; sent + LINES_PER_CHUNK <= lines; sent += LINES_PER_CHUNK) {
        if (!socket.write(whole)) await once(socket, 'drain');
      }
      if (rest) socket.write(rest);
      socket.write('0\r\n\r\n');
      return answer;
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const lastIds = answers.map((answer) => {
    assertOk(answer);
    const count = /"count":(\d+)/.exec(answer)?.[1];
    if (Number(count) !== lines) throw new Error(`${count} of ${lines} lines were stored.`);
    return /"last_id":"([\d-]+)"/.exec(answer)?.[1] ?? '';
  });
  return { seconds, lastIds };
});

function chunkOf(line: string, count: number): Buffer {
  const body = `${line}\n`.repeat(count);
  return Buffer.from(`${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`);
}
