/** Takes a raw HTTP/1.1 response apart as it comes: drops the head and the framing of `Transfer-Encoding: chunked`. */
export class ChunkedBody {
  private pending: Buffer = Buffer.alloc(0);
  private state: 'head' | 'size' | 'data' | 'over' = 'head';
  private left = 0;
  head = '';

  constructor(private readonly take: (bytes: Buffer) => void) {}

  push(bytes: Buffer): void {
    this.pending = this.pending.length > 0 ? Buffer.concat([this.pending, bytes]) : bytes;
    while (this.step());
  }

  private step(): boolean {
    if (this.state === 'over') return false;
    if (this.state === 'data') return this.stepData();
    const mark = this.state === 'head' ? '\r\n\r\n' : '\r\n';
    const end = this.pending.indexOf(mark);
    if (end < 0) return false;
    const text = this.pending.toString('latin1', 0, end);
    this.pending = this.pending.subarray(end + mark.length);
    if (this.state === 'head') {
      this.head = text;
      this.state = 'size';
    } else {
      // Its line end belongs to the data.
      this.left = parseInt(text, 16) + 2;
      this.state = this.left > 2 ? 'data' : 'over';
    }
    return true;
  }

  private stepData(): boolean {
    const bytes = this.pending.subarray(0, this.left);
    const ofBody = bytes.subarray(0, Math.max(0, this.left - 2));
    this.pending = this.pending.subarray(bytes.length);
    this.left -= bytes.length;
    if (ofBody.length > 0) this.take(ofBody);
    if (this.left === 0) this.state = 'size';
    return this.left === 0;
  }
}
