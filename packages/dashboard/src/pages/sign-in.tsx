import { RunstreamClientError } from '@runstream/client';
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { CopyButton } from '../parts/copy-button.js';
import { Failure } from '../parts/failure.js';
import { proof, type Proof, signIn } from '../service/session.js';

interface Way {
  label: string;
  isSecret: boolean;
  advice: string;
  command?: string;
  /** Instead of the service's own words. */
  wrong?: string;
}

/** By what the service takes: its member of the body, and what people need to know. */
const WAYS: Readonly<Record<Proof, Way>> = {
  key: {
    label: 'API key',
    isSecret: true,
    advice: 'This service asks for an API key. Make one where the service runs:',
    command: 'npm run keys -- create --name me --scopes runs:read,runs:write',
    wrong: 'The service did not take that key. Check it, or make another.',
  },
  token: {
    label: 'Token',
    isSecret: true,
    advice:
      'This service asks for a token (JWT) of the issuer that it trusts. You are signed in until it expires.',
    wrong: 'The service did not take that token. It may have expired: get a new one.',
  },
  tenant: {
    label: 'Tenant',
    isSecret: false,
    advice: 'This service keeps runs apart by tenant, and asks for no credentials. Say whose to show.',
  },
};

export function SignIn(): VNode {
  const trouble = useSignal<unknown>(undefined);
  const given = useSignal('');
  if (!proof.value) {
    return (
      <section class="empty">
        <h1>Sign in</h1>
        <p>The application around this page knows who may see it: sign in there, and load this page again.</p>
      </section>
    );
  }
  const { label, isSecret, advice, command, wrong } = WAYS[proof.value];
  const submit = (event: Event): void => {
    event.preventDefault();
    const text = given.value.trim();
    given.value = '';
    trouble.value = undefined;
    signIn(text).catch((error: unknown) => {
      const isWrong = error instanceof RunstreamClientError && (error.status === 401 || error.status === 400);
      trouble.value = isWrong && wrong !== undefined ? new Error(wrong) : error;
    });
  };
  return (
    <section class="empty">
      <h1>Sign in</h1>
      <p>{advice}</p>
      {command !== undefined && (
        <div class="code">
          <pre tabIndex={0} aria-label="Command">
            {command}
          </pre>
          <CopyButton text={command} />
        </div>
      )}
      <form onSubmit={submit}>
        <label>
          {label}
          <input
            {...(isSecret ? { type: 'password' } : { type: 'text' })}
            autofocus
            autocomplete="off"
            spellcheck={false}
            required
            value={given.value}
            onInput={(event) => (given.value = event.currentTarget.value)}
          />
        </label>
        <button class="main">Sign in</button>
      </form>
      <Failure error={trouble.value} />
    </section>
  );
}
