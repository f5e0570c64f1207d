import { MOST_PARTITIONS } from '../../event-store/index.js';
import { tryParseEventId } from '../../events/index.js';
import type { SourceKind } from '../group/group-source.js';

/** Where an entry is. */
export interface DeliveryPlace {
  partition: number;
  kind: SourceKind;
  /** Of the entry in its source. */
  entryId: string;
}

const DELIVERY_ID = /^(0|[1-9][0-9]?)([jr])\.([0-9]+-[0-9]+)$/;

/** What workers call an entry: the same for each attempt at it. */
export function formatDeliveryId({ partition, kind, entryId }: DeliveryPlace): string {
  return `${partition}${kind === 'journal' ? 'j' : 'r'}.${entryId}`;
}

/** Undefined for what was never given out. */
export function parseDeliveryId(id: string): DeliveryPlace | undefined {
  const [, partition = '', kind = '', entryId = ''] = DELIVERY_ID.exec(id) ?? [];
  if (!tryParseEventId(entryId) || Number(partition) >= MOST_PARTITIONS) return undefined;
  return { partition: Number(partition), kind: kind === 'j' ? 'journal' : 'redrive', entryId };
}
