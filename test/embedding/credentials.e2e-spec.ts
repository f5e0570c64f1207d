import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  Logger,
  Module,
  UnauthorizedException,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { type OwnPrincipal, type RequestAuthenticator, SCOPES } from '../../src/auth/index.js';
import { ask, type Host, type HostOptions, startHost } from './host.js';

let host: Host;
afterEach(() => host.close());

const ALL = { scopes: SCOPES };

/** What an application knows of its people, in a class that needs others of it. */
@Injectable()
class People {
  readonly teams: Readonly<Record<string, string>> = { alice: 'acme', bob: 'other' };
}

@Injectable()
class TeamTokens implements RequestAuthenticator {
  readonly bodies: unknown[] = [];

  constructor(private readonly people: People) {}

  async authenticate(request: Request): Promise<OwnPrincipal | undefined> {
    await Promise.resolve();
    this.bodies.push(request.body);
    const name = request.get('x-person');
    if (name === 'mallory') throw new UnauthorizedException('who are you?');
    const tenantId = this.people.teams[name ?? ''];
    return name !== undefined && tenantId !== undefined ? { id: name, tenantId, ...ALL } : undefined;
  }
}

/** It signs people in before everything, as passport does. */
@Injectable()
class SignedInGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request & { user?: object }>();
    const name = request.get('x-person');
    if (name === undefined) throw new UnauthorizedException('sign in');
    request.user = { name, team: name === 'alice' ? 'acme' : 'other' };
    return true;
  }
}

@Module({ providers: [People, TeamTokens], exports: [TeamTokens] })
class PeopleModule {}

const as = (name: string, headers: Record<string, string> = {}) => ({ 'x-person': name, ...headers });
const multi = { tenancy: { enabled: true } };

async function tenantsAreApart(url: string): Promise<void> {
  const made = await ask(`${url}/runs`, { json: { task: 'x' }, headers: as('alice') });
  expect([made.status, made.body['tenant_id']]).toEqual([201, 'acme']);
  const path = `/runs/${String(made.body['id'])}`;
  expect((await ask(url + path, { headers: as('alice') })).status).toBe(200);
  expect((await ask(url + path, { headers: as('bob') })).body['code']).toBe('RUN_NOT_FOUND');
  const forged = await ask(`${url}/runs`, { headers: as('bob', { 'x-tenant-id': 'acme' }) });
  expect(forged.body['code']).toBe('FORBIDDEN');
  const stream = await fetch(`${url}${path}/events/stream`, { headers: as('bob') });
  expect(stream.status).toBe(404);
  const ticket = await ask(`${url}${path}/stream-tickets`, { json: {}, headers: as('alice') });
  expect(ticket.status).toBe(201);
}

const withPeople = (auth: object): HostOptions => ({
  runstream: { ...multi, auth },
  imports: [PeopleModule],
});

describe('L4 credentials of the application', () => {
  it('an authenticator is asked before the body is read', async () => {
    host = await startHost(withPeople({ authenticator: TeamTokens }));
    await tenantsAreApart(host.url);
    expect((await ask(`${host.url}/runs`)).body['code']).toBe('UNAUTHORIZED');
    expect((await ask(`${host.url}/runs`, { headers: as('mallory') })).status).toBe(401);
    expect((await ask(`${host.url}/runs`, { text: '{"ta', headers: as('nobody') })).status).toBe(401);
    expect(host.app.get(TeamTokens, { strict: false }).bodies.every((body) => body === undefined)).toBe(true);
    expect((await ask(`${host.url}/orders`)).status).toBe(200);
  });

  it('a principal is taken from what a guard of the application found out', async () => {
    const principal = ({ user }: Request & { user?: { name: string; team: string } }) =>
      user && { id: user.name, tenantId: user.team, ...ALL };
    host = await startHost({
      ...withPeople({ principal }),
      providers: [{ provide: APP_GUARD, useClass: SignedInGuard }],
    });
    await tenantsAreApart(host.url);
    expect((await ask(`${host.url}/runs`)).body).toMatchObject({ statusCode: 401, message: 'sign in' });
  });

  it('or a middleware; with a cookie no foreign page changes anything', async () => {
    const principal = ({ user }: Request & { user?: string }) =>
      user && { id: user, tenantId: 'acme', ...ALL };
    host = await startHost({
      runstream: { ...multi, auth: { principal: principal as never } },
      configure: (app: NestExpressApplication) =>
        app.use((request: Request & { user?: string }, _response: Response, next: NextFunction) => {
          request.user = /user=(\w+)/.exec(request.get('cookie') ?? '')?.[1];
          next();
        }),
    });
    const { url } = host;
    const headers = { cookie: 'user=alice' };
    expect((await ask(`${url}/runs`, { json: { task: 'x' }, headers })).status).toBe(201);
    expect((await ask(`${url}/runs`, { json: { task: 'x' } })).body['code']).toBe('UNAUTHORIZED');
    const foreign = { ...headers, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await ask(`${url}/runs`, { json: { task: 'x' }, headers: foreign })).body['code']).toBe(
      'FORBIDDEN',
    );
  });

  it('GET /session says whom the application knows, and is no error for nobody', async () => {
    const authenticator = { authenticate: ({ headers }: Request) => people[String(headers['x-person'])] };
    const people: Record<string, OwnPrincipal> = {
      alice: { id: 'alice', tenantId: 'acme', scopes: ['runs:read'], expiresAt: 4e12 },
      carol: { id: 'carol', tenantId: 'acme', scopes: [], expiresAt: 1e300 },
    };
    const state = { auth_mode: 'own', tenant_id: 'acme', tenants: 'fixed' };
    for (const auth of [{ authenticator }, { principal: authenticator.authenticate }]) {
      host = await startHost({ runstream: { ...multi, auth, routes: { session: true } } });
      const who = async (headers = {}) => (await ask(`${host.url}/session`, { headers })).body;
      const alice = { ...state, scopes: ['runs:read'], expires_at: '2096-10-02T07:06:40.000Z' };
      expect(await who(as('alice'))).toEqual(alice);
      expect(await who(as('carol'))).toEqual({ ...state, scopes: [], expires_at: null });
      expect(await who()).toEqual({ ...state, tenant_id: null, scopes: null, expires_at: null });
      if ('authenticator' in auth) await host.close();
    }
  });

  it.each([
    { tenantId: '../other' },
    { scopes: ['runs:read', 'root'] },
    { scopes: 'runs:read' },
    { id: '' },
    { expiresAt: Number.NaN },
  ])('a principal that makes no sense is a fault of the application, and nobody: %j', async (part) => {
    const principal = () => ({ id: 'x', tenantId: 'red', scopes: ['runs:read'], ...part }) as never;
    host = await startHost({ runstream: { ...multi, auth: { principal } } });
    expect((await ask(`${host.url}/runs`)).body['code']).toBe('INTERNAL_ERROR');
  });

  it('two ways to say who asks are refused at the start', async () => {
    await expect(
      startHost({ runstream: { auth: { mode: 'api-key', principal: () => undefined } } }),
    ).rejects.toThrow(/one of "mode", "authenticator" and "principal"/);
    host = await startHost();
  });

  it('guards of the application and a tenant from a header: the start warns', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      host = await startHost({
        runstream: multi,
        providers: [{ provide: APP_GUARD, useClass: SignedInGuard }],
      });
      expect(
        warn.mock.calls.flat().filter((text) => String(text).includes('any caller may name any')),
      ).toHaveLength(1);
    } finally {
      warn.mockRestore();
    }
  });
});
