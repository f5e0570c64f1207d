import { Chat, useChat } from '@ai-sdk/react';
import { DefaultChatTransport, generateId, type UIMessage } from 'ai';
import { type SubmitEvent, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { keepAsking } from './keep-asking.js';

const PAUSE_MS = 500;

const transport = new DefaultChatTransport({
  api: '/api/chat',
  fetch: keepAsking,
  prepareSendMessagesRequest({ id, messages }) {
    const question = messages.at(-1);
    // The log has the others. A question that is sent once more, since no answer came, starts no second run.
    return { body: { id, messages: [question] }, headers: { 'Idempotency-Key': `${id}-${question?.id}` } };
  },
  prepareReconnectToStreamRequest({ api, id }) {
    // The newest answer from its beginning. It may have ended while this page was away.
    return { api: `${api}/${id}/stream?ended=replay` };
  },
});

function ChatPage({ chat }: { chat: Chat<UIMessage> }) {
  const { messages, sendMessage, status, error, resumeStream, stop } = useChat({ chat, resume: true });
  const [isStopping, setStopping] = useState(false);
  const isBusy = isStopping || status === 'submitted' || status === 'streaming';

  // A line that breaks is a TypeError. What a run failed of is none, and would be the same again.
  const isBroken = error instanceof TypeError;
  useEffect(() => {
    if (!isBroken) return;
    const timer = setTimeout(() => void resumeStream(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [error, isBroken, resumeStream]);

  const trouble = isBroken ? 'The line broke, and comes back.' : error?.message;
  const told = isStopping ? 'stopping' : (trouble ?? status);

  function send(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('question'));
    event.currentTarget.reset();
    void sendMessage({ text });
  }

  async function cancel() {
    setStopping(true);
    await stop(); // This page no longer reads, and the run goes on,
    await keepAsking(`/api/chat/${chat.id}/stop`, { method: 'POST' }); // until it is cancelled.
    await resumeStream(); // What was said until then.
    setStopping(false);
  }

  return (
    <>
      {messages.map(({ id, role, parts }) => (
        <p key={id} className={role}>
          <b>{role}:</b> <span>{parts.map((part) => (part.type === 'text' ? part.text : ''))}</span>
        </p>
      ))}
      <form onSubmit={send}>
        <input name="question" placeholder="Count to 200" required autoFocus />
        <button disabled={isBusy || isBroken}>Send</button>
        <button type="button" disabled={!isBusy && !isBroken} onClick={() => void cancel()}>
          Stop
        </button>
        <output>{told}</output>
      </form>
    </>
  );
}

/** The id of the chat is in the URL. */
function chatId(): string {
  const url = new URL(location.href);
  const given = url.searchParams.get('chat') ?? '';
  const id = /^\w+$/.test(given) ? given : generateId();
  url.searchParams.set('chat', id);
  history.replaceState(null, '', url);
  return id;
}

const id = chatId();
const log = (await (await keepAsking(`/chats/${id}/messages`)).json()) as UIMessage[];
// With a transport in place of a chat, useChat of @ai-sdk/react 3 says after a cut again what it had said.
const chat = new Chat({ id, messages: log, transport });
createRoot(document.querySelector('main')!).render(<ChatPage chat={chat} />);
