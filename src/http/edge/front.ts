import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { AllowedOrigins } from '../../common/index.js';
import { isNdjson } from '../body/content-type.js';
import { jsonBody, type JsonBodyOptions } from '../body/json-body.js';
import { untilEnded } from '../body/read-body.js';
import { linger } from '../body/linger.js';
import type { Admission, RequestKind } from '../admission/index.js';
import { answerError } from '../errors/answer-error.js';
import '../request.js';
import { type AnswerHeaders, setHeaders } from './headers/answer-headers.js';
import { addressOf } from './caller.js';
import { isPreflight } from './headers/cors.js';
import type { Direct, DirectAnswer } from './routes/direct-route.js';
import type { OpenAnswers } from './life/open-answers.js';
import type { RequestAccess } from './request-access.js';
import { requestId } from './headers/request-id.js';
import { begin } from './life/request-life.js';
import type { Match, RouteTable } from './routes/route-table.js';

export interface FrontOptions extends JsonBodyOptions {
  lingerMs: number;
  headersOf: AnswerHeaders;
  /** Undefined: what browsers ask before a request is left to the application. */
  corsOrigins: AllowedOrigins | undefined;
  /** Whether it stands before all of the application, and not before routes of ours only. */
  isWhole: boolean;
}

/**
 * What stands in front of every route of ours, in this order: is there room, who asks, and only then the body. It ends
 * as soon as nobody is there any more to be answered. What goes on to its controller has the headers of every answer;
 * what is answered directly gets them with its own, in one go.
 */
export function front(
  routes: RouteTable,
  admission: Admission,
  access: RequestAccess | undefined,
  open: OpenAnswers,
  options: FrontOptions,
): RequestHandler {
  const readJson = jsonBody(options);
  const { isWhole, corsOrigins = [] } = options;

  /** @returns whether there is still somebody to answer */
  async function admit(request: Request, response: Response, match: Match): Promise<boolean> {
    const life = begin(request, response);
    if (life.over) return false;
    open.add(response, life);
    request.caller = addressOf(request);
    const { route } = match;
    // Its body is read, or not, by whatever reads the application's own.
    const isForeign = route !== undefined && !route.isOurs;
    if (!isForeign) linger(request, response, options.lingerMs);
    if (route?.isAlwaysAdmitted !== true) {
      request.place = admission.admit(life, kindOf(request, match), request.caller);
    }
    if (isForeign) return true;
    await access?.identify(request, match, corsOrigins);
    if (life.over) return false;
    request.place?.belongsTo(request.caller);
    if (route?.body) await readJson(request, response, route.body);
    // Express needs no caller that it could answer, but a handler would do its work for nobody.
    return !life.over;
  }

  async function pass(request: Request, response: Response, match: Match, next: NextFunction): Promise<void> {
    const headers = options.headersOf(request);
    const direct = directOf(request, match);
    if (!direct) setHeaders(response, headers);
    try {
      if (!(await admit(request, response, match))) return;
      if (direct) send(response, headers, await direct(request, response, match.params));
    } catch (error) {
      if (direct && !response.headersSent) setHeaders(response, headers);
      // Not next(error): the application's own error handlers would answer in another way than the API says.
      answerError(error, request, response);
      return;
    }
    if (direct) return;
    await untilEnded(request);
    next();
  }

  return (request: Request, response: Response, next: NextFunction): Promise<void> | void => {
    const match = routes.match(request.method, routerPathOf(request));
    if (!isWhole && !match.isOurs) {
      next();
      return;
    }
    request.match = match;
    request.requestId = requestId(request);
    if (options.corsOrigins !== undefined && isPreflight(request)) {
      setHeaders(response, options.headersOf(request));
      response.status(204).end();
      return;
    }
    // Which methods there are is no secret, and a browser asks without a credential.
    if (!isWhole && request.method === 'OPTIONS' && !match.route) {
      next();
      return;
    }
    return pass(request, response, match, next);
  };
}

/** Whatever is unusual goes to the controller. */
function directOf(request: Request, { route }: Match): Direct | undefined {
  return request.originalUrl.includes('?') || isNdjson(request) ? undefined : route?.direct;
}

/** Everything in one write. */
function send(response: Response, headers: string[], { status, body, headers: more }: DirectAnswer): void {
  const text = JSON.stringify(body);
  headers.push('Content-Type', 'application/json; charset=utf-8');
  headers.push('Content-Length', String(Buffer.byteLength(text)));
  if (more) headers.push(...more);
  response.writeHead(status, headers);
  response.end(text);
}

/** The path that the router of this application looks at: what it is mounted on is cut off from that. */
function routerPathOf({ url }: Request): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

function kindOf(request: Request, { route, isPublic }: Match): RequestKind {
  if (route?.isStream) return 'streams';
  if (isPublic) return 'public';
  if (route?.body?.ndjson && isNdjson(request)) return 'uploads';
  return 'requests';
}
