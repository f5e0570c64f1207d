import { parseCookie } from 'cookie';
import type { CookieOptions, Request } from 'express';
import { isHttps } from '../origin/own-origin.js';

/** What the cookie is called over HTTP. */
export const SESSION_COOKIE = 'runstream_session';
/** More than a browser sends of one name; each costs a look-up when it is ended. */
const MAX_COOKIES = 10;

/**
 * What the cookie is called. Behind HTTPS it has the prefix with which browsers take it from our host alone: without
 * that, any host of the same site could set it, and sign somebody in or out. Over HTTP browsers refuse the prefix.
 */
export function sessionCookieName(request: Request): string {
  return isHttps(request) ? `__Host-${SESSION_COOKIE}` : SESSION_COOKIE;
}

export function sessionCookieOptions(request: Request): CookieOptions {
  return { httpOnly: true, sameSite: 'strict', secure: isHttps(request), path: '/' };
}

/** The values of all cookies of that name; of one that is no session's too, so that it counts as a second one. */
export function sessionCookies(request: Request): string[] {
  const name = sessionCookieName(request);
  // One at a time: of two with the same name the parser keeps the first.
  return (request.get('Cookie') ?? '')
    .split(';')
    .map((pair) => parseCookie(pair, { decode: (text) => text })[name])
    .filter((value) => value !== undefined)
    .slice(0, MAX_COOKIES);
}
