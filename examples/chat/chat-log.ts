import { Injectable } from '@nestjs/common';
import type { UIMessage } from 'ai';
import { type HistoryPage, Runstream } from 'runstream';

const MOST_QUESTIONS = 100;

/** What was said in a chat: the log of its runs, and no other store. The chat's id is their key. */
@Injectable()
export class ChatLog {
  constructor(private readonly runs: Runstream) {}

  /** Each run is a question, which is its input, and an answer, as far as it goes. The oldest comes first. */
  async messages(chat: string): Promise<UIMessage[]> {
    const { runs } = await this.runs.list({ key: chat, limit: MOST_QUESTIONS });
    const messages: UIMessage[] = [];
    for (const { id } of runs.reverse()) {
      const { input } = await this.runs.get(id);
      const [question] = input.messages as unknown as [UIMessage];
      // The adapter gives an answer the id of its run, so that a stream of it goes on with this very message.
      messages.push(question, {
        id,
        role: 'assistant',
        parts: [{ type: 'text', text: await this.said(id) }],
      });
    }
    return messages;
  }

  private async said(runId: string): Promise<string> {
    const words: string[] = [];
    for (let from: string | undefined = '-'; from !== undefined;) {
      const page: HistoryPage<'llm.stream'> = await this.runs.history(runId, { from, types: ['llm.stream'] });
      words.push(...page.events.map(({ data }) => data.content));
      from = page.next;
    }
    return words.join('');
  }
}
