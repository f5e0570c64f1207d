import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a browser may do with an answer. The page at `/` has a policy of its own. */
const applyHelmet = helmet({
  contentSecurityPolicy: {
    directives: {
      defaultSrc: ["'self'"],
      // Swagger UI brings styles of its own.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      // Served over plain HTTP as well, behind a proxy or on this machine.
      upgradeInsecureRequests: null,
    },
  },
  // What runs on other names below ours is not ours to decide.
  strictTransportSecurity: { maxAge: 365 * 86_400, includeSubDomains: false },
  // Other origins may read answers where CORS_ORIGINS allows it.
  crossOriginResourcePolicy: { policy: 'cross-origin' },
});

/** As name, value, name, value. They are the same for every request, so helmet is asked once. */
export const SECURITY_HEADERS: readonly string[] = headersOf(applyHelmet);

function headersOf(middleware: typeof applyHelmet): string[] {
  const headers: string[] = [];
  const response = {
    setHeader: (name: string, value: string) => headers.push(name, value),
    removeHeader: () => undefined,
  };
  middleware({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error !== undefined) throw new Error('helmet refused its options', { cause: error });
  });
  return headers;
}
