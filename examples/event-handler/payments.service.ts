import { Injectable } from '@nestjs/common';

/** In the place of a payment provider: it charges once for each key, and its first answer gets lost on the way. */
@Injectable()
export class PaymentsService {
  private readonly receipts = new Map<string, number>();

  /** @throws Error when there is no answer, which does not say whether it was charged */
  async charge(cents: number, key: string, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const known = this.receipts.get(key);
    if (known !== undefined) return known;
    this.receipts.set(key, this.receipts.size + 1);
    throw new Error(`No answer about ${cents} cents.`);
  }

  get charged(): number {
    return this.receipts.size;
  }
}
