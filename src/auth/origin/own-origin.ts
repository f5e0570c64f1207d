import type { Request } from 'express';

/** Whether the browser speaks HTTPS, with us or with a proxy in front that says so. */
export function isHttps(request: Request): boolean {
  // Whoever forges this header changes what becomes of their own request, and nobody else's: no proxy need be trusted.
  return request.secure || /^https\b/i.test(request.get('X-Forwarded-Proto') ?? '');
}

/** Who sent a request, as far as browsers tell: no page can forge `Origin` and `Sec-Fetch-Site`, or leave them out. */
export type Sender = 'program' | 'own page' | 'foreign page';

export function senderOf(request: Request): Sender {
  const origin = request.get('Origin');
  const site = request.get('Sec-Fetch-Site');
  if (origin === undefined && site === undefined) return 'program';
  const isOwn =
    (site === undefined || site === 'same-origin' || site === 'none') &&
    (origin === undefined || origin === ownOrigin(request));
  return isOwn ? 'own page' : 'foreign page';
}

/** The origin of our own pages, as this request reached us: scheme, host and port. */
function ownOrigin(request: Request): string | undefined {
  const url = `${isHttps(request) ? 'https' : 'http'}://${request.get('Host') ?? ''}`;
  return URL.canParse(url) ? new URL(url).origin : undefined;
}
