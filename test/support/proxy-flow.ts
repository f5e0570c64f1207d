import type { Socket } from 'node:net';

/** Breaks a line once so many bytes have passed; is told the last of them. */
export interface ByteCut {
  afterBytes: number;
  onCut: (lastBytes: Buffer) => void;
  /** With a TCP reset, as by a device on the way. Default: with an ordinary end, as by a process that dies. */
  reset?: boolean;
}

/** One direction of a line: passes on what one socket reads, in order, no faster than the other takes it. */
export class ProxyFlow {
  private readonly late: { dueAt: number; chunk: Buffer }[] = [];
  private readonly bytes: Buffer[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isLost = false;
  private isFrozen = false;
  private isFull = false;
  private isEnding = false;
  private isPumping = false;
  private passedBytes = 0;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly options: {
      latencyMs: () => number;
      isBytewise: () => boolean;
      cut?: ByteCut | undefined;
    },
    onChunk: (chunk: Buffer) => void = () => undefined,
  ) {
    from.on('data', (chunk: Buffer) => {
      onChunk(chunk);
      if (!this.isLost) this.take(chunk);
    });
    from.on('end', () => {
      this.isEnding = true;
      if (!this.isLost) this.endIfEmpty();
    });
    from.on('close', () => {
      this.isEnding = true;
      if (!this.isLost) this.endIfEmpty();
    });
    to.on('drain', () => {
      this.isFull = false;
      this.flow();
    });
    to.on('close', () => {
      this.isFull = false;
      this.flow(); // what nobody is left to take is read all the same, up to its end
    });
  }

  /** From now on bytes vanish, and so does the news of the end. */
  lose(): void {
    this.isLost = true;
    this.late.length = 0;
    this.bytes.length = 0;
  }

  freeze(isFrozen: boolean): void {
    this.isFrozen = isFrozen;
    this.flow();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.lose();
  }

  private flow(): void {
    if (this.isFrozen || this.isFull) this.from.pause();
    else this.from.resume();
  }

  private take(chunk: Buffer): void {
    const latencyMs = this.options.latencyMs();
    if (latencyMs === 0 && this.late.length === 0) {
      this.deliver(chunk);
      return;
    }
    const dueAt = Math.max(performance.now() + latencyMs, this.late.at(-1)?.dueAt ?? 0);
    this.late.push({ dueAt, chunk });
    this.timer ??= setTimeout(this.deliverDue, latencyMs);
  }

  private readonly deliverDue = (): void => {
    this.timer = undefined;
    while (this.late[0] && this.late[0].dueAt <= performance.now() + 0.5)
      this.deliver(this.late.shift()!.chunk);
    const next = this.late[0];
    if (next) this.timer = setTimeout(this.deliverDue, Math.max(1, next.dueAt - performance.now()));
    else this.endIfEmpty();
  };

  private deliver(chunk: Buffer): void {
    if (this.bytes.length > 0 || this.options.isBytewise()) {
      this.bytes.push(chunk);
      this.pump();
    } else this.write(chunk);
  }

  /** One byte in each turn of the event loop, so that it is a segment of its own. */
  private pump(): void {
    if (this.isPumping) return;
    const chunk = this.bytes[0];
    if (!chunk) {
      this.endIfEmpty();
      return;
    }
    this.isPumping = true;
    setImmediate(() => {
      this.isPumping = false;
      if (this.bytes[0] !== chunk) return; // lost meanwhile
      const single = this.options.isBytewise();
      this.write(single ? chunk.subarray(0, 1) : chunk);
      const rest = single ? chunk.subarray(1) : chunk.subarray(chunk.length);
      if (rest.length > 0) this.bytes[0] = rest;
      else this.bytes.shift();
      this.pump();
    });
  }

  private write(chunk: Buffer): void {
    if (this.to.destroyed || this.to.writableEnded) return;
    const { cut } = this.options;
    const left = (cut?.afterBytes ?? Infinity) - this.passedBytes;
    this.passedBytes += chunk.length;
    if (cut && chunk.length >= left) {
      const last = chunk.subarray(0, left);
      cut.onCut(last);
      if (cut.reset) this.to.write(last, () => this.to.resetAndDestroy());
      else this.to.end(last); // not destroyed: it would take what is still on its way along
      this.from.destroy();
      return;
    }
    if (this.to.write(chunk)) return;
    this.isFull = true;
    this.flow();
  }

  private endIfEmpty(): void {
    if (this.isEnding && this.late.length === 0 && this.bytes.length === 0) this.to.end();
  }
}
