import type { FollowItem, RunEvent, StoryItem } from '@runstream/client';
import type { Output } from '../output.js';
import { logLine, summaryOf, toolText, typeOf, valueText } from './event-text.js';
import { Rows } from './rows.js';
import { cut, Shown, shown } from './shown.js';
import { duration } from './time.js';

const AGENT_WIDTH = 40;

/** Tells a run to people while it comes: texts as they are written, a line for all else. */
export class Story {
  private readonly rows = new Rows();
  /** The row that the last line belongs to, while that line is open. */
  private open: StoryItem | undefined;

  constructor(private readonly out: Output) {}

  async tell(item: FollowItem): Promise<void> {
    if (item.kind === 'state' || item.kind === 'provisional' || item.kind === 'end') return;
    const row = this.rows.add(item);
    if (row.kind === 'text') await this.text(row);
    else if (row.kind === 'tool') await this.tool(row);
    else if (row.kind === 'gap') await this.line(gapText(row.gap));
    else if (item.kind === 'event') await this.line(eventText(item.event));
    this.rows.forget(row);
  }

  /** Ends the line that is open. */
  async pause(): Promise<void> {
    if (this.open) await this.out.line(Shown.empty);
    this.open = undefined;
  }

  private async line(text: Shown): Promise<void> {
    await this.pause();
    await this.out.line(text);
  }

  private async text(row: StoryItem & { kind: 'text' }): Promise<void> {
    const text = Shown.lines(row.text);
    await this.begin(row, row.agentId);
    await this.out.write(row.type === 'llm.reasoning' ? text.in('dim') : text);
  }

  /** Its result stands on the same line, unless something came in between. */
  private async tool(row: StoryItem & { kind: 'tool' }): Promise<void> {
    const { call, result, name, agentId } = row;
    if (this.open !== row) {
      await this.begin(row, agentId);
      const given = result ? undefined : call?.data['arguments'];
      const text = result && call ? shown`${cut(name ?? 'tool', AGENT_WIDTH)}(…)` : toolText(name, given);
      await this.out.write(shown`${shown`⚙`.in('cyan')} ${text}`);
    }
    if (!result) return;
    const tookMs = call && Date.parse(result.timestamp) - Date.parse(call.timestamp);
    const took = tookMs === undefined || !(tookMs >= 0) ? shown`` : shown`  ${duration(tookMs)}`.in('dim');
    await this.out.write(shown` → ${valueText(result.data['result'])}${took}`);
    await this.pause();
  }

  private async begin(row: StoryItem, agentId: string | undefined): Promise<void> {
    if (this.open === row) return;
    await this.pause();
    this.open = row;
    if (agentId !== undefined) await this.out.write(agentLabel(agentId));
  }
}

function agentLabel(agentId: string): Shown {
  return shown`${cut(agentId, AGENT_WIDTH)}: `.in('cyan');
}

function eventText(event: RunEvent): Shown {
  const agent = event.source ? agentLabel(event.source.agent_id) : Shown.empty;
  if (event.event.category === 'log') return shown`${agent}${logLine(event)}`;
  const isBad = event.event.action === 'error' || event.event.action === 'failed';
  const type = shown`${typeOf(event)}`.in(isBad ? 'red' : 'dim');
  return shown`${agent}${type} ${summaryOf(event)}`;
}

export function gapText({ reason, missed }: (FollowItem & { kind: 'gap' })['gap']): Shown {
  const text =
    reason === 'diverged'
      ? shown`What came before is of another log: this one begins anew.`
      : shown`${missed ?? 'Some'} events are no longer kept.`;
  return shown`-- ${text}`.in('yellow');
}
