import type { BoundName, RequestKind } from './bound-names.js';

/** Where places are taken from. */
export interface Bounds {
  /** @throws OverloadedError */
  take(name: BoundName, caller: string, amount?: number): void;
  /** @throws OverloadedError */
  move(name: BoundName, from: string, to: string): void;
  giveBack(name: BoundName, caller: string, amount?: number): void;
}

/** What one request has of the bounds of this process. */
export class Place {
  private bytes = 0;
  private left = false;

  /** @throws OverloadedError */
  constructor(
    private readonly admission: Bounds,
    private kind: RequestKind,
    private caller: string,
  ) {
    admission.take(kind, caller);
  }

  /** Whom the place is counted for. */
  get holder(): string {
    return this.caller;
  }

  /**
   * Counts it for whom the credential names, in place of an address that many may share. Before a body is read.
   *
   * @throws OverloadedError
   */
  belongsTo(caller: string): void {
    if (this.left || caller === this.caller) return;
    this.admission.move(this.kind, this.caller, caller);
    this.caller = caller;
  }

  /**
   * Counts it as another kind from now on.
   *
   * @throws OverloadedError
   */
  becomes(kind: RequestKind): void {
    if (this.left || kind === this.kind) return;
    // The new place first: who is refused it keeps the old one until the answer is written.
    this.admission.take(kind, this.caller);
    this.admission.giveBack(this.kind, this.caller);
    this.kind = kind;
  }

  /**
   * Holds so many bytes of a body more, until the request has ended; fewer than 0 are given back.
   *
   * @throws OverloadedError
   */
  readonly hold = (bytes: number): void => {
    if (this.left) return;
    if (bytes < 0) this.admission.giveBack('bytes', this.caller, -bytes);
    else this.admission.take('bytes', this.caller, bytes);
    this.bytes += bytes;
  };

  /** Gives all of it back. */
  leave(): void {
    if (this.left) return;
    this.left = true;
    this.admission.giveBack(this.kind, this.caller);
    if (this.bytes > 0) this.admission.giveBack('bytes', this.caller, this.bytes);
  }
}
