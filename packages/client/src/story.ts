import type { FollowItem } from './follow/items.js';
import type { RunEvent } from './types.js';

/** How far back an open row is looked for: a row more, at worst, where more agents than that speak at once. */
const MAX_ROWS_BACK = 1000;

/** What an agent said, from one event of another type to the next. */
export interface TextItem {
  kind: 'text';
  /** `llm.stream` or `llm.reasoning`. */
  type: string;
  /** Undefined when the run itself speaks. */
  agentId: string | undefined;
  text: string;
  /** How many events it was. */
  count: number;
  first: RunEvent;
  last: RunEvent;
}

/** A call of a tool and its result, at the place of the call. One of them may be missing: the row then stays so. */
export interface ToolItem {
  kind: 'tool';
  name: string | undefined;
  agentId: string | undefined;
  call: RunEvent | undefined;
  result: RunEvent | undefined;
}

/** Work that was given to an agent or a team, at the place where it was given. */
export interface DispatchItem {
  kind: 'dispatch';
  /** Who it was given to. */
  name: string;
  /** Who gave it. */
  agentId: string | undefined;
  dispatch: RunEvent;
  /** Who it was given to began; undefined while nobody did. */
  started: RunEvent | undefined;
}

export type StoryItem = FollowItem | TextItem | ToolItem | DispatchItem;

/**
 * Joins the texts (`data.content`) of `llm.stream` and of `llm.reasoning`, for each agent until it says something else,
 * or until there is a gap. All other items stay as they are.
 */
export function joinText(items: Iterable<StoryItem>): StoryItem[] {
  return tell(items, addText);
}

/**
 * Puts each `llm.tool_result` to the call with its `tool_call_id`, or else to the first call of the same agent and tool
 * that has none yet. All other items stay as they are.
 */
export function pairTools(items: Iterable<StoryItem>): StoryItem[] {
  return tell(items, addTool);
}

/**
 * Puts each `agent.started` to the first `dispatch.worker` or `dispatch.team` that names it (its id, name or team) and
 * that nobody has begun. All other items stay as they are.
 */
export function pairDispatches(items: Iterable<StoryItem>): StoryItem[] {
  return tell(items, addDispatch);
}

/** Adds an item to rows that were told before, as all three do: a row that it belongs to changes, or there is a new one. */
export function addToStory(rows: StoryItem[], item: StoryItem): void {
  if (!addText(rows, item) && !addTool(rows, item) && !addDispatch(rows, item)) rows.push(item);
}

function tell(items: Iterable<StoryItem>, add: (rows: StoryItem[], item: StoryItem) => boolean): StoryItem[] {
  const rows: StoryItem[] = [];
  for (const item of items) if (!add(rows, item)) rows.push(item);
  return rows;
}

function addText(rows: StoryItem[], item: StoryItem): boolean {
  if (item.kind !== 'event' || !/^llm\.(stream|reasoning)$/.test(typeOf(item.event))) return false;
  const { event } = item;
  const [type, agentId, text] = [typeOf(event), agentOf(event), textOf(event, 'content') ?? ''];
  const row = lastRow(rows, (one) => isGap(one) || agentsIn(one).includes(agentId));
  if (row?.kind !== 'text' || row.type !== type || row.agentId !== agentId) {
    rows.push({ kind: 'text', type, agentId, text, count: 1, first: event, last: event });
    return true;
  }
  row.text += text;
  row.count++;
  row.last = event;
  return true;
}

function addTool(rows: StoryItem[], item: StoryItem): boolean {
  if (item.kind !== 'event') return false;
  const { event } = item;
  const isCall = typeOf(event) === 'llm.tool_call';
  if (!isCall && typeOf(event) !== 'llm.tool_result') return false;
  const [agentId, name] = [agentOf(event), textOf(event, 'tool_name')];
  const open = isCall ? undefined : openCall(rows, event);
  if (open) open.result = event;
  else
    rows.push({
      kind: 'tool',
      name,
      agentId,
      call: isCall ? event : undefined,
      result: isCall ? undefined : event,
    });
  return true;
}

function openCall(rows: readonly StoryItem[], result: RunEvent): ToolItem | undefined {
  const id = textOf(result, 'tool_call_id');
  let found: ToolItem | undefined;
  // The first one is the last that is met on the way back.
  lastRow(rows, (row) => {
    if (row.kind !== 'tool' || !row.call || row.result || row.agentId !== agentOf(result)) return false;
    const callId = textOf(row.call, 'tool_call_id');
    const isIts = id === undefined ? row.name === textOf(result, 'tool_name') : callId === id;
    if (isIts) found = row;
    return isIts && id !== undefined;
  });
  return found;
}

function addDispatch(rows: StoryItem[], item: StoryItem): boolean {
  if (item.kind !== 'event') return false;
  const { event } = item;
  if (typeOf(event) === 'agent.started') {
    const open = openDispatch(rows, event);
    if (open) open.started = event;
    return open !== undefined;
  }
  const name = textOf(event, 'name');
  if (name === undefined || !/^dispatch\.(worker|team)$/.test(typeOf(event))) return false;
  rows.push({ kind: 'dispatch', name, agentId: agentOf(event), dispatch: event, started: undefined });
  return true;
}

function openDispatch(rows: readonly StoryItem[], { source }: RunEvent): DispatchItem | undefined {
  if (!source) return undefined;
  let found: DispatchItem | undefined;
  // The first one is the last that is met on the way back.
  lastRow(rows, (row) => {
    if (row.kind !== 'dispatch' || row.started) return false;
    const isTeam = row.dispatch.event.action === 'team';
    const names = [source.agent_id, source.agent_name, ...(isTeam ? [source.team_name] : [])];
    if (names.includes(row.name)) found = row;
    return false;
  });
  return found;
}

function lastRow(rows: readonly StoryItem[], is: (row: StoryItem) => boolean): StoryItem | undefined {
  for (let at = rows.length - 1; at >= 0 && at > rows.length - MAX_ROWS_BACK; at--) {
    const row = rows[at];
    if (row && is(row)) return row;
  }
  return undefined;
}

const isGap = (row: StoryItem): boolean => row.kind === 'gap';
const typeOf = ({ event }: RunEvent): string => `${event.category}.${event.action}`;
const agentOf = ({ source }: RunEvent): string | undefined => source?.agent_id;

/** Whose row it is; none for what nobody says. */
function agentsIn(row: StoryItem): (string | undefined)[] {
  if (row.kind === 'event') return [agentOf(row.event)];
  if (row.kind === 'dispatch') return [row.agentId, ...(row.started ? [agentOf(row.started)] : [])];
  return row.kind === 'text' || row.kind === 'tool' ? [row.agentId] : [];
}

function textOf({ data }: RunEvent, name: string): string | undefined {
  const value = data[name];
  return typeof value === 'string' ? value : undefined;
}
