import { connect } from 'node:net';

export interface RawAnswer {
  /** 0 when the connection was closed without an answer. */
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

const HEAD_END = '\r\n\r\n';

/**
 * Sends bytes as they are, on a connection of their own, and reads one answer. An event stream counts as answered as
 * soon as it has begun.
 *
 * @throws when there is no answer in time
 */
export function rawAsk(port: number, bytes: Buffer, withinMs: number): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(
          `no answer within ${withinMs} ms to ${JSON.stringify(bytes.toString('latin1').slice(0, 500))}`,
        ),
      );
    }, withinMs);
    const settle = () => {
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      const end = text.indexOf(HEAD_END);
      resolve({
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
        body: end < 0 ? '' : text.slice(end + HEAD_END.length),
        ms: performance.now() - began,
      });
    };
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (isWhole(Buffer.concat(chunks).toString('latin1'))) settle();
    });
    socket.once('end', settle);
    socket.once('error', settle);
  });
}

function isWhole(text: string): boolean {
  const end = text.indexOf(HEAD_END);
  if (end < 0) return false;
  const head = text.slice(0, end);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (length !== undefined) return text.length >= end + HEAD_END.length + Number(length);
  return /^HTTP\/1\.1 (204|304)/.test(head) || /^content-type: text\/event-stream/im.test(head);
}
