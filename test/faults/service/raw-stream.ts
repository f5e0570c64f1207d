import { connect, type Socket } from 'node:net';

/** The data of every frame is an object. */
const FRAME_END = Buffer.from('}\n\n');
const ID_LINE = Buffer.from('\nid: ');

export type Pace = 'fast' | 'slow' | 'silent';

const SLOW_BYTES = 1024;
const SLOW_EVERY_MS = 1000;
/** Whoever reads nothing learns of nothing, so it begins anew now and then. The service cuts it after a minute. */
const SILENT_FOR_MS = 75_000;
const RETURN_MS = 500;

/**
 * A watcher down at its socket: it only counts frames, since a thousand of them share a process with what they
 * measure. It comes back with its cursor when it is cut.
 */
export class RawStream {
  frames = 0;
  /** Times it came back. */
  returns = 0;
  private socket: Socket | undefined;
  private timer: NodeJS.Timeout | undefined;
  private cursor = '';
  /** The last bytes, too few to hold the end of a frame. */
  private tail: Buffer = Buffer.alloc(0);
  private closed = false;

  constructor(
    private readonly url: URL,
    private readonly pace: Pace,
    private readonly onFrame: (sequence: number) => void = () => undefined,
  ) {}

  open(): void {
    const { url, pace, cursor } = this;
    const socket = connect({ port: Number(url.port), host: url.hostname });
    this.socket = socket;
    const returning = cursor === '' ? '' : `Last-Event-ID: ${cursor}\r\n`;
    socket.write(
      `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nAccept: text/event-stream\r\n${returning}\r\n`,
    );
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(this.timer);
      if (this.closed) return;
      this.returns++;
      this.timer = setTimeout(() => {
        this.open();
      }, RETURN_MS);
    });
    if (pace === 'fast') socket.on('data', this.take);
    else socket.pause();
    if (pace === 'slow') this.timer = setInterval(this.sip, SLOW_EVERY_MS);
    if (pace === 'silent') this.timer = setTimeout(() => socket.destroy(), SILENT_FOR_MS);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    this.socket?.destroy();
  }

  private readonly sip = (): void => {
    const { socket } = this;
    if (!socket) return;
    socket.read(0);
    const chunk = socket.read(Math.min(SLOW_BYTES, socket.readableLength)) as Buffer | null;
    if (chunk) this.take(chunk);
  };

  private readonly take = (chunk: Buffer): void => {
    const id = chunk.lastIndexOf(ID_LINE);
    const end = id < 0 ? -1 : chunk.indexOf('\n', id + 1);
    if (end > 0) this.cursor = chunk.toString('latin1', id + ID_LINE.length, end);
    // The end of a frame may be cut between two chunks; one that lies in the seam lies in neither of them.
    const seam = Buffer.concat([this.tail, chunk.subarray(0, FRAME_END.length - 1)]);
    this.count(seam);
    this.count(chunk);
    this.tail = (chunk.length < FRAME_END.length ? seam : chunk).subarray(-(FRAME_END.length - 1));
  };

  private count(bytes: Buffer): void {
    for (let at = bytes.indexOf(FRAME_END); at >= 0; at = bytes.indexOf(FRAME_END, at + 1))
      this.onFrame(++this.frames);
  }
}
