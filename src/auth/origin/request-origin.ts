import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { IncomingMessage } from 'node:http';
import {
  type AllowedOrigins,
  allowsOrigin,
  hostName,
  isLoopback,
  RunstreamError,
} from '../../common/index.js';
import { AUTH_OPTIONS, type AuthOptions, type EffectiveAuthMode, effectiveMode } from '../auth-options.js';
import { isSafe } from './is-safe.js';
import { senderOf } from './own-origin.js';

const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i;

/**
 * Keeps out the web pages that somebody on this machine, or on its network, happens to visit: they reach what the
 * browser reaches. It asks where a request was sent to (`Host`) and what page sent it (`Origin`).
 */
@Injectable()
export class RequestOrigin {
  private readonly mode: EffectiveAuthMode;
  private readonly hosts: ReadonlySet<string> | 'any';
  /** Most requests name the same host as the one before. */
  private lastServed: string | undefined;

  constructor(@Inject(AUTH_OPTIONS) options: AuthOptions) {
    this.mode = effectiveMode(options);
    this.hosts = allowedHosts(options);
  }

  /**
   * For every request, of public routes too. Reading what is public is open to any page and under any name: a load
   * balancer asks for the health of an address.
   *
   * @param origins the pages that may call, besides our own
   * @throws RunstreamError FORBIDDEN
   */
  check(request: Request, origins: AllowedOrigins): void {
    if (isSafe(request)) return;
    this.assertHost(request);
    if (!this.isOpenToPages(request) || senderOf(request) !== 'foreign page') return;
    const origin = request.get('Origin');
    if (origin !== undefined && allowsOrigin(origins, origin)) return;
    throw new RunstreamError(
      'FORBIDDEN',
      'No page of another origin may change anything here: list its origin in CORS_ORIGINS (http.corsOrigins)' +
        `${this.mode === 'none' ? ', or set AUTH_MODE (auth.mode)' : ''}. If it is a page of this service behind a proxy, ` +
        'the proxy must pass Host on and set X-Forwarded-Proto.',
    );
  }

  /**
   * Whether a page that a person visits could do something in their name: where nobody has to prove who they are, and
   * where the application may know them by a cookie, which comes along by itself.
   */
  private isOpenToPages({ headers }: Request): boolean {
    if (this.mode === 'own') return headers.cookie !== undefined;
    return this.mode === 'none';
  }

  /** For closed routes, whatever the method. @throws RunstreamError FORBIDDEN */
  assertHost(request: IncomingMessage): void {
    if (this.hosts === 'any' || this.isServed(request, this.hosts)) return;
    throw new RunstreamError(
      'FORBIDDEN',
      'This service is not served under the name in Host: use http://127.0.0.1 or http://localhost, or list the name ' +
        'in ALLOWED_HOSTS (auth.allowedHosts).',
    );
  }

  private isServed(request: IncomingMessage, hosts: ReadonlySet<string>): boolean {
    const { host } = request.headers;
    if (host === undefined || !isGivenOnce(request, 'host')) return false;
    if (host === this.lastServed) return true;
    const name = hostName(HOST.exec(host)?.[1] ?? '');
    const isServed = name !== undefined && (isLoopback(name) || hosts.has(name));
    if (isServed) this.lastServed = host;
    return isServed;
  }
}

/** Not by `headersDistinct`, which takes all headers of the request apart. */
function isGivenOnce({ rawHeaders }: IncomingMessage, header: string): boolean {
  let times = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === header.length && name.toLowerCase() === header) times++;
  }
  return times === 1;
}

function allowedHosts(options: AuthOptions): ReadonlySet<string> | 'any' {
  const { allowedHosts } = options;
  if (allowedHosts === undefined) return effectiveMode(options) === 'none' ? new Set() : 'any';
  if (allowedHosts.includes('*')) return 'any';
  const names = allowedHosts.map((text) => {
    const name = hostName(text);
    if (name === undefined)
      throw new Error(`"${text}" in allowedHosts is no host name: leave out scheme and port.`);
    return name;
  });
  return new Set(names);
}
