import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';

/** Somebody who uses this application. */
export interface Person {
  name: string;
  team: string;
  mayWrite: boolean;
}

export interface Session {
  person: Person;
  /** Milliseconds since 1970. */
  endsAt: number;
}

const HOUR_MS = 3_600_000;

/** In the place of your users, their passwords (as hashes) and their sessions (not in this process alone). */
@Injectable()
export class PeopleService {
  private readonly people: readonly (Person & { password: string })[] = [
    { name: 'ada', password: 'lace', team: 'red', mayWrite: true },
    { name: 'alan', password: 'ring', team: 'red', mayWrite: false },
    { name: 'grace', password: 'hop', team: 'blue', mayWrite: true },
  ];
  private readonly sessions = new Map<string, Session>();

  /** The new session's secret; undefined for who is not known. */
  signIn(name: string, password: string): string | undefined {
    const person = this.people.find((one) => one.name === name && one.password === password);
    if (!person) return undefined;
    const secret = randomBytes(32).toString('base64url');
    this.sessions.set(secret, { person, endsAt: Date.now() + HOUR_MS });
    return secret;
  }

  session(secret: string): Session | undefined {
    const session = this.sessions.get(secret);
    return session && session.endsAt > Date.now() ? session : undefined;
  }
}
