import type { OpenAPIObject } from '@nestjs/swagger';
import { ACCESS_EXTENSION, type Operation, operationsOf } from '../../http/index.js';
import type { EffectiveAuthMode } from '../auth-options.js';
import { SESSION_COOKIE } from '../session/session-cookie.js';

type Schemes = NonNullable<NonNullable<OpenAPIObject['components']>['securitySchemes']>;

const SESSION: Schemes = {
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description: `What \`POST /session\` sets, for pages of the same origin. Over HTTPS it is called \`__Host-${SESSION_COOKIE}\`.`,
  },
};

const TICKET: Schemes = {
  ticket: {
    type: 'apiKey',
    in: 'query',
    name: 'ticket',
    description: 'A stream ticket, for an `EventSource`, which can send no headers. It opens its one stream.',
  },
};

/** How a credential is sent, by what callers have to prove. */
const SCHEMES: Readonly<Record<EffectiveAuthMode, Schemes>> = {
  none: {},
  'api-key': {
    bearer: { type: 'http', scheme: 'bearer', description: 'An API key: `rs_<id>_<secret>`.' },
    ...SESSION,
    ...TICKET,
  },
  jwt: {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A token of the issuer that this deployment trusts.',
    },
    ...SESSION,
    ...TICKET,
  },
  // How its credentials are sent the application knows: its own document says so.
  own: {},
};

/** Says of each route of ours which credential it takes: any one of those that are listed. */
export function describeSecurity(document: OpenAPIObject, mode: EffectiveAuthMode): void {
  const schemes = SCHEMES[mode];
  const names = Object.keys(schemes);
  document.components = { ...document.components, securitySchemes: schemes };
  for (const operation of operationsOf(document)) {
    const access = operation[ACCESS_EXTENSION];
    if (access === undefined || (mode === 'own' && access !== 'public')) continue;
    const taken = names.filter((name) => name !== 'ticket' || takesTicket(operation));
    operation.security = access === 'public' ? [] : taken.map((name) => ({ [name]: [] }));
  }
}

function takesTicket({ parameters = [] }: Operation): boolean {
  return parameters.some((parameter) => 'in' in parameter && parameter.name === 'ticket');
}
