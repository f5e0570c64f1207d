import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type CryptoKey, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PublishedKeys } from './published-keys.js';

let issuer: Server;
let does: 'answer' | 'fail' | 'hang';
let fetches: number;
let keys: PublishedKeys;
let privateKey: CryptoKey;
/** What is added to the clock that pauses are measured with. */
let laterMs: number;
let warned: unknown;

beforeEach(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true });
  ({ privateKey } = pair);
  const body = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' }] });
  [does, fetches, laterMs] = ['answer', 0, 0];
  issuer = createServer((_, response) => {
    fetches++;
    if (does === 'hang') return;
    response.statusCode = does === 'fail' ? 500 : 200;
    response.end(body);
  }).listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  keys = new PublishedKeys(new URL(`http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`));
  const clock = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => clock() + laterMs);
  warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
  issuer.closeAllConnections();
  issuer.close();
});

async function verify(kid: string): Promise<string> {
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
  return jwtVerify(token, keys.get).then(
    () => 'good',
    (error: unknown) => (error as Error).name,
  );
}

const many = (kid: (i: number) => string) =>
  Promise.all(Array.from({ length: 50 }, (_, i) => verify(kid(i))));
const MINUTE_MS = 60_000;

describe('J20 keys that an issuer publishes', () => {
  it('are fetched once for all who wait, and not again for keys that are not among them', async () => {
    expect(new Set(await many(() => 'one'))).toEqual(new Set(['good']));
    expect(new Set(await many((i) => `x${i}`))).toEqual(new Set(['JWKSNoMatchingKey']));
    expect(fetches).toBe(1);
    laterMs = MINUTE_MS;
    expect(new Set(await many((i) => `x${i}`))).toEqual(new Set(['JWKSNoMatchingKey']));
    expect(fetches).toBe(2);
  });

  it.each(['fail', 'hang'] as const)(
    'that are known go on working while the issuer does %s',
    async (what) => {
      expect(await verify('one')).toBe('good');
      does = what;
      for (const after of [MINUTE_MS, 2 * MINUTE_MS]) {
        laterMs = after;
        const before = fetches;
        const strangers = many((i) => `x${i}`);
        const late = strangers.then(() => 'only after the strangers');
        expect(await (what === 'hang' ? Promise.race([verify('one'), late]) : verify('one'))).toBe('good');
        expect(new Set(await strangers)).toEqual(new Set(['KeysUnavailableError']));
        // A moment later: nobody asks.
        expect(new Set(await many((i) => `x${i}`))).toEqual(new Set(['KeysUnavailableError']));
        expect(fetches - before).toBe(1);
      }
      expect(warned).toHaveBeenCalledTimes(1);
    },
    30_000,
  );

  it('are refreshed in the background, and used until they are', async () => {
    expect(await verify('one')).toBe('good');
    does = 'hang';
    laterMs = 11 * MINUTE_MS;
    expect(await many(() => 'one')).toEqual(Array<string>(50).fill('good'));
    expect(fetches).toBeLessThanOrEqual(2);
    does = 'answer';
    issuer.closeAllConnections();
    laterMs += MINUTE_MS;
    expect(await verify('one')).toBe('good');
  });

  it('are asked for again once the pause is over', async () => {
    does = 'fail';
    expect(await verify('one')).toBe('KeysUnavailableError');
    does = 'answer';
    expect(await verify('one')).toBe('KeysUnavailableError');
    laterMs = 5000;
    expect(await verify('one')).toBe('good');
    expect(fetches).toBe(2);
  });
});
