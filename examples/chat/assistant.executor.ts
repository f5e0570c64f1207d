import {
  type Executor,
  type JsonObject,
  RunExecutor,
  type RunExecution,
  RunFailedError,
  ValidationFailedError,
} from 'runstream';
import { ChatLog } from './chat-log.js';
import { answer } from './model.js';

/** Says an answer word by word. One whose process died goes on, five seconds later, with what it had said. */
@RunExecutor('assistant', { concurrency: 100, onCrash: 'restart', leaseMs: 5000 })
export class AssistantExecutor implements Executor {
  constructor(private readonly log: ChatLog) {}

  /** So that every run of a chat is one question. */
  validateInput({ messages }: JsonObject): void {
    if (Array.isArray(messages) && messages.length === 1) return;
    throw new ValidationFailedError([{ path: 'messages', message: 'must be the newest message alone' }]);
  }

  async execute(run: RunExecution): Promise<void> {
    if (run.key === undefined) throw new RunFailedError('This run belongs to no chat.');
    const messages = await this.log.messages(run.key);
    const answered = messages.findIndex(({ id }) => id === run.id) + 1;
    for await (const content of answer(messages.slice(0, answered), run.signal)) {
      await run.emit('llm.stream', { content });
    }
  }
}
