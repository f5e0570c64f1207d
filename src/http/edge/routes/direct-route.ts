import type { Type } from '@nestjs/common';
import type { Request, Response } from 'express';
import { RouteMetadata, type Says } from './route-metadata.js';

/** Who answers the JSON requests of a route past its controller: a provider. */
export const DIRECT = 'runstream:direct';

export interface DirectAnswer {
  status: number;
  /** Sent as JSON. */
  body: object;
  /** More headers, as name, value, name, value. */
  headers?: readonly string[];
}

/** Answers a request as its route's controller would. What it throws is answered like what a controller throws. */
export interface DirectHandler {
  answer(request: Request, params: Readonly<Record<string, string>>): Promise<DirectAnswer>;
}

/** All that is left between the edge and the answer: the guard, then the handler. */
export type Direct = (
  request: Request,
  response: Response,
  params: Readonly<Record<string, string>>,
) => Promise<DirectAnswer>;

/**
 * Who answers a route directly.
 *
 * @param says the route's metadata
 * @returns undefined when the application has something of its own that stands before every controller
 */
export type FindDirect = (says: Says) => Direct | undefined;

/**
 * JSON requests of this route without a query are answered by `Handler`, past Express's router and Nest's pipes and
 * reply: for a route where these cost more than the work. The edge and the guard stand before it as before the
 * controller, which takes whatever is unusual.
 */
export const AnsweredBy = (Handler: Type<DirectHandler>) => RouteMetadata(DIRECT, Handler);
