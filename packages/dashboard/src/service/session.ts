import { type AnswerOf, RunstreamClientError } from '@runstream/client';
import { computed, signal } from '@preact/signals';
import { client } from './client.js';

export type Session = AnswerOf<'getSession'>;
export type Scope = NonNullable<Session['scopes']>[number];
/** What signs one in here. */
export type Proof = 'key' | 'token' | 'tenant';

/** Who is there; undefined until the service has said so. */
export const session = signal<Session | undefined>(undefined);

export const isSignedIn = computed(() => session.value?.scopes != null && session.value.tenant_id !== null);

/** Undefined where there is nothing to sign in to. */
export const proof = computed((): Proof | undefined => {
  if (session.value?.auth_mode === 'api-key') return 'key';
  if (session.value?.auth_mode === 'jwt') return 'token';
  return session.value?.tenants === 'header' ? 'tenant' : undefined;
});

/** Whether a button is of any use. The service decides all the same. */
export function may(scope: Scope): boolean {
  return isSignedIn.value && (session.value?.scopes?.includes(scope) ?? false);
}

/** @throws RunstreamClientError */
export async function loadSession(): Promise<void> {
  session.value = await client.session.get();
}

/** What is typed in is not kept: the service gives a cookie for it, which no script can read. */
export async function signIn(given: string): Promise<void> {
  if (proof.value) await client.session.open({ [proof.value]: given });
  await loadSession();
}

export async function signOut(): Promise<void> {
  await client.session.close();
  await loadSession();
}

/** An answer may mean that the sign-in is over: then the page asks again. */
export function noteRefusal(error: unknown): void {
  if (!(error instanceof RunstreamClientError)) return;
  const lacksTenant = error.status === 400 && proof.value === 'tenant';
  if (error.status === 401 || lacksTenant) void loadSession().catch(() => undefined);
}
