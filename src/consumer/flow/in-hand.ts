import type { Partition } from '../../stream-consumer/index.js';
import type { Delivery } from '../delivery/delivery.js';
import type { HeldBytes } from './held-bytes.js';

/** The deliveries of one group that have no outcome yet, whether their handler runs or they wait. */
export class InHand implements Iterable<Delivery> {
  private readonly deliveries = new Set<Delivery>();
  private readonly partitions = new Map<Partition, number>();
  private weight = 0;
  private underWay = 0;

  constructor(private readonly ofProcess: Pick<HeldBytes, 'add'>) {}

  get size(): number {
    return this.deliveries.size;
  }

  /** What the bodies weigh of those that no handler is at. */
  get waitingBytes(): number {
    return this.weight - this.underWay;
  }

  /** Of one partition. */
  sizeOf(partition: Partition): number {
    return this.partitions.get(partition) ?? 0;
  }

  [Symbol.iterator](): IterableIterator<Delivery> {
    return this.deliveries.values();
  }

  add(delivery: Delivery): void {
    this.deliveries.add(delivery);
    this.count(delivery, 1);
  }

  delete(delivery: Delivery): void {
    if (this.deliveries.delete(delivery)) this.count(delivery, -1);
  }

  setUnderWay(delivery: Delivery, is: boolean): void {
    if (delivery.isUnderWay === is) return;
    delivery.isUnderWay = is;
    this.underWay += (is ? 1 : -1) * delivery.entry.event.body.length;
  }

  private count({ source, entry }: Delivery, by: 1 | -1): void {
    const bytes = by * entry.event.body.length;
    this.weight += bytes;
    this.ofProcess.add(bytes);
    const left = this.sizeOf(source.partition) + by;
    if (left === 0) this.partitions.delete(source.partition);
    else this.partitions.set(source.partition, left);
  }
}
