import { addToStory, type FollowItem, type RunEvent, type StoryItem } from '@runstream/client';

/** As far as `addToStory` looks back. */
const MAX_ROWS = 1000;
const MAX_NAME_LENGTH = 1000;

/**
 * The rows of a story, without what was told already: of texts, arguments and results only what it takes to find the
 * row that the next event belongs to. So a run of any length takes the same memory.
 */
export class Rows {
  private readonly rows: StoryItem[] = [];

  /** The row that an item became, or was added to: one object for as long as it is open. Its values are for `forget()`. */
  add(item: FollowItem): StoryItem {
    const before = this.rows.length;
    addToStory(this.rows, item);
    const row = this.rows.length > before ? this.rows[before] : this.rows.findLast((one) => has(one, item));
    if (this.rows.length > MAX_ROWS) this.rows.splice(0, this.rows.length - MAX_ROWS);
    return row ?? item;
  }

  /** Lets go of what a row holds, once it was told. */
  forget(row: StoryItem): void {
    if (row.kind === 'text') {
      row.text = '';
      row.first = row.last = withoutData(row.last);
    }
    if (row.kind === 'tool') {
      row.call &&= withoutData(row.call);
      row.result &&= withoutData(row.result);
    }
    if (row.kind === 'dispatch') {
      row.dispatch = withoutData(row.dispatch);
      row.started &&= withoutData(row.started);
    }
    if (row.kind === 'event') row.event = withoutData(row.event);
  }
}

function has(row: StoryItem, item: FollowItem): boolean {
  if (item.kind !== 'event') return row === item;
  if (row.kind === 'text') return row.last === item.event;
  if (row.kind === 'dispatch') return row.started === item.event;
  return row.kind === 'tool' && row.result === item.event;
}

function withoutData(event: RunEvent): RunEvent {
  const { id, run_id, tenant_id, sequence, timestamp, event: type, source, data } = event;
  const names = ['tool_name', 'tool_call_id'].filter((name) => {
    const value = data[name];
    return typeof value === 'string' && value.length <= MAX_NAME_LENGTH;
  });
  return {
    ...{ id, run_id, tenant_id, sequence, timestamp, event: type },
    ...(source && { source }),
    data: Object.fromEntries(names.map((name) => [name, data[name]])),
  };
}
