import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { jsonBody, type JsonBodyOptions } from '../body/json-body.js';
import { linger } from '../body/linger.js';
import { parseContentType } from '../body/content-type.js';
import { NDJSON_MEDIA_TYPE } from '../body/media-types.js';
import type { Admission, RequestKind } from '../admission/index.js';
import '../request.js';
import { type AnswerHeaders, setHeaders } from './answer-headers.js';
import { addressOf } from './caller.js';
import { isPreflight } from './cors.js';
import type { Direct, DirectAnswer } from './direct-route.js';
import { requestId } from './request-id.js';
import { begin } from './request-life.js';
import type { Match, RouteTable } from './route-table.js';

/** How the edge learns who asks. */
export interface Identify {
  /**
   * Called for every request; finds out who asks, and for which tenant, unless the route is for everybody.
   *
   * @throws RunstreamError when nobody may ask in this way
   */
  identify(request: Request, match: Match): Promise<void>;
}

export interface FrontOptions extends JsonBodyOptions {
  lingerMs: number;
  headersOf: AnswerHeaders;
}

/**
 * What stands in front of every route, in this order: is there room, who asks, and only then the body. It ends as soon
 * as nobody is there any more to be answered. What goes on to its controller has the headers of every answer; what is
 * answered directly gets them with its own, in one go.
 */
export function front(
  routes: RouteTable,
  admission: Admission,
  who: Identify,
  options: FrontOptions,
): RequestHandler {
  const readJson = jsonBody(options);

  /** @returns whether there is still somebody to answer */
  async function admit(request: Request, response: Response, match: Match): Promise<boolean> {
    const life = begin(request, response);
    if (life.over) return false;
    linger(request, response, options.lingerMs);
    request.caller = addressOf(request);
    request.body = undefined;
    const { route } = match;
    if (route?.isAlwaysAdmitted !== true) {
      request.place = admission.admit(life, kindOf(request, match), request.caller);
    }
    await who.identify(request, match);
    if (life.over) return false;
    request.place?.belongsTo(request.caller);
    if (route?.body) await readJson(request, response, route.body);
    // Express needs no caller that it could answer, but a handler would do its work for nobody.
    return !life.over;
  }

  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    request.requestId = requestId(request);
    const headers = options.headersOf(request);
    if (isPreflight(request)) {
      setHeaders(response, headers);
      response.status(204).end();
      return;
    }
    const match = routes.match(request.method, pathOf(request));
    request.match = match;
    const direct = directOf(request, match);
    if (!direct) {
      setHeaders(response, headers);
      if (await admit(request, response, match)) next();
      return;
    }
    try {
      if (!(await admit(request, response, match))) return;
      send(response, headers, await direct(request, response, match.params));
    } catch (error) {
      if (!response.headersSent) setHeaders(response, headers);
      throw error;
    }
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

/** Not request.path: what a layer is mounted on is cut off from that. */
export function pathOf(request: Request): string {
  const end = request.originalUrl.indexOf('?');
  return end < 0 ? request.originalUrl : request.originalUrl.slice(0, end);
}

function kindOf(request: Request, { route, isPublic }: Match): RequestKind {
  if (route?.isStream) return 'streams';
  if (isPublic) return 'public';
  if (route?.body?.ndjson && isNdjson(request)) return 'uploads';
  return 'requests';
}

function isNdjson(request: Request): boolean {
  return parseContentType(request.headers['content-type'])?.media === NDJSON_MEDIA_TYPE;
}
