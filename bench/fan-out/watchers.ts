import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { streamRequest } from '../support/raw-http.js';

/**
 * Many watchers of one stream, as a process of its own: `watchers.ts <url> <count> [body]`, with a body by POST. It counts frames by the blank
 * lines that end them, on raw sockets, since anything more would be measured as well.
 *
 * Prints `ready` once all responses have begun. For each line `expect <frames>` on stdin, it counts from there and
 * prints `done <ms since the epoch>` when all watchers together have got so many.
 */
const [address = '', count = '1', body] = process.argv.slice(2);
const url = new URL(address);
const NEWLINE = 10;
const FRAME_END = Buffer.from('\n\n');

let frames = 0;
let expected = Infinity;
let begun = 0;

function watch(): void {
  const socket = connect(Number(url.port), url.hostname);
  let isFirst = true;
  let endsWithNewline = false;
  socket.on('connect', () => {
    socket.write(streamRequest(url, body));
  });
  socket.on('data', (chunk) => {
    if (isFirst) {
      isFirst = false;
      begun += 1;
      if (begun === Number(count)) console.log('ready');
    }
    if (endsWithNewline && chunk[0] === NEWLINE) frames += 1;
    let at = chunk.indexOf(FRAME_END);
    while (at >= 0) {
      frames += 1;
      at = chunk.indexOf(FRAME_END, at + 2);
    }
    const last = chunk.length - 1;
    endsWithNewline = chunk[last] === NEWLINE && chunk[last - 1] !== NEWLINE;
    if (frames < expected) return;
    console.log(`done ${performance.timeOrigin + performance.now()}`);
    expected = Infinity;
  });
  socket.on('error', (error) => {
    console.error(`a watcher was cut: ${error.message}`);
    process.exit(1);
  });
}

createInterface(process.stdin)
  .on('line', (line) => {
    const wanted = /^expect (\d+)$/.exec(line)?.[1];
    if (wanted === undefined) return;
    frames = 0;
    expected = Number(wanted);
    console.log('counting');
  })
  .on('close', () => process.exit(0));

for (let i = 0; i < Number(count); i++) watch();
