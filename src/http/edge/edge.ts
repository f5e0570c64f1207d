import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleInit,
  Optional,
  type Type,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModuleRef } from '@nestjs/core';
import type { Application, NextFunction, Request, RequestHandler, Response } from 'express';
import { Admission } from '../admission/admission.js';
import { answerError } from '../errors/answer-error.js';
import { answerWrongMethod } from '../errors/wrong-method.js';
import { isForeign } from '../errors/to-runstream-error.js';
import { answerHeaders } from './headers/answer-headers.js';
import { type Direct, DIRECT, type DirectHandler } from './routes/direct-route.js';
import { EDGE_DEFAULTS, EDGE_OPTIONS, type EdgeOptions } from './edge-options.js';
import { front } from './front.js';
import { OpenAnswers } from './life/open-answers.js';
import { RequestAccess } from './request-access.js';
import type { Says } from './routes/route-metadata.js';
import { RouteTable } from './routes/route-table.js';

/**
 * Puts Runstream's layers into the application that it is a guest of: one in front of everything, for requests of
 * Runstream's routes only, and one behind the routes. What the application has of its own stays as it is.
 */
@Injectable()
export class Edge implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger('Runstream');
  private isWhole = false;
  private routes: RouteTable | undefined;
  private handle: RequestHandler | undefined;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly config: ApplicationConfig,
    private readonly modules: ModuleRef,
    private readonly admission: Admission,
    private readonly open: OpenAnswers,
    @Inject(EDGE_OPTIONS) private options: EdgeOptions,
    @Optional() private readonly access?: RequestAccess,
  ) {
    // As soon as there is a router: in front of whatever the application puts there, body parsers among it, which would
    // read what is ours to read.
    host.init$.subscribe(() => {
      if (this.adapterType() === 'express') host.httpAdapter.getInstance<Application>().use(this.layer);
    });
  }

  /** Stands in front of all of the application. Before it is initialised. */
  takeWhole(options: EdgeOptions): void {
    this.isWhole = true;
    this.options = { ...this.options, ...options };
  }

  /** All routes are in the router by now, and what answers an unknown path is not. */
  onModuleInit(): void {
    const express = this.express();
    if (!express) return;
    const { isWhole } = this;
    const options = { ...EDGE_DEFAULTS, ...this.options };
    const { bodyGraceMs: graceMs, lingerMs, maxRequestBytes: limitBytes, corsOrigins } = options;
    this.routes = new RouteTable(express, this.layer, isWhole, (says) => this.direct(says));
    this.handle = front(this.routes, this.admission, this.access, this.open, {
      limitBytes,
      graceMs,
      lingerMs,
      headersOf: answerHeaders(isWhole, corsOrigins),
      corsOrigins,
      isWhole,
    });
    express.use(wrongMethods, errorsOfOthers);
  }

  private readonly layer: RequestHandler = (request, response, next) =>
    this.handle?.(request, response, next);

  onApplicationBootstrap(): void {
    if (!this.routes || this.isWhole) return;
    for (const { method, path, by } of this.routes.shadowed()) {
      this.logger.warn(
        `${method} ${path} of Runstream is never reached: ${by} of the application takes it first. ` +
          'Move one of them with a prefix, for example with RouterModule.',
      );
    }
  }

  /** Empty where nothing is served: an application context, a microservice. */
  private adapterType(): string {
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | null | undefined;
    return adapter?.getType() ?? '';
  }

  private express(): Application | undefined {
    const type = this.adapterType();
    if (type === '') return undefined;
    refuseOtherAdapters(type);
    return this.host.httpAdapter.getInstance<Application>();
  }

  /**
   * Routes are answered past Nest only while nothing of the application's own would have to be asked there: guards,
   * interceptors and pipes for all routes, or middleware (RouteTable).
   */
  private direct(says: Says): Direct | undefined {
    const { access } = this;
    if (!access || !hasNothingGlobal(this.config)) return undefined;
    const handler = this.modules.get(says(DIRECT) as Type<DirectHandler>, { strict: false });
    return async (request, response, params) => {
      await access.admit(request, response, says);
      return handler.answer(request, params);
    };
  }
}

/** @throws Error what to do, with another adapter than that of Express */
export function refuseOtherAdapters(type: string): void {
  if (type === 'express') return;
  throw new Error(
    `Runstream serves HTTP with @nestjs/platform-express, and this application is made with ${type}: create it with ` +
      'NestFactory.create<NestExpressApplication>(AppModule).',
  );
}

/** A path of ours that no route took, ours or the application's. */
function wrongMethods(request: Request, response: Response, next: NextFunction): void {
  if (!request.match?.isOurs || request.match.route || !answerWrongMethod(request, response)) next();
}

/** What a layer of the application's own, a body parser say, has thrown on a path of ours. */
function errorsOfOthers(error: unknown, request: Request, response: Response, next: NextFunction): void {
  if (!request.match?.isOurs || isForeign(error)) next(error);
  else answerError(error, request, response);
}

function hasNothingGlobal(config: ApplicationConfig): boolean {
  const all = [
    ...config.getGlobalGuards(),
    ...config.getGlobalPipes(),
    ...config.getGlobalInterceptors(),
    ...config.getGlobalRequestGuards(),
    ...config.getGlobalRequestPipes(),
    ...config.getGlobalRequestInterceptors(),
    ...config.getGlobalPreRequestHooks(),
  ];
  return all.length === 0;
}
