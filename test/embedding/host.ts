import type { AddressInfo } from 'node:net';
import {
  BadRequestException,
  Body,
  ConflictException,
  Controller,
  Get,
  type INestApplication,
  Module,
  NotFoundException,
  Post,
  Query,
  type Type,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import { NestFactory, RouterModule } from '@nestjs/core';
import { type ExpressAdapter, FileInterceptor, type NestExpressApplication } from '@nestjs/platform-express';
import { RunstreamModule } from '../../src/runstream.module.js';
import type { RunstreamModuleExtras, RunstreamOptions } from '../../src/runstream-options.js';
import { PATIENCE_MS, testRedisUrl } from '../support/redis.js';

/** What an application has of its own, with errors of every kind. */
@Controller('orders')
export class OrdersController {
  @Get()
  list(@Query() query: object) {
    return { orders: [], query };
  }

  @Get('conflict')
  conflict(): never {
    throw new ConflictException('order exists');
  }

  @Get('gone')
  gone(): never {
    throw new NotFoundException('no such order');
  }

  @Get('broken')
  broken(): never {
    throw new TypeError('undefined is not an order');
  }

  @Get('refused')
  refused(): never {
    throw new BadRequestException({ reason: 'too many', limit: 3 });
  }

  @Post()
  create(@Body() body: unknown) {
    return { body };
  }

  @Post('file')
  @UseInterceptors(FileInterceptor('file'))
  file(@UploadedFile() file: { size: number }) {
    return { size: file.size };
  }
}

export interface HostOptions {
  runstream?: Partial<RunstreamOptions> & RunstreamModuleExtras;
  imports?: NonNullable<Parameters<typeof Module>[0]['imports']>;
  controllers?: Type[];
  /** Controllers whose routes come before those of Runstream. */
  before?: Type[];
  providers?: NonNullable<Parameters<typeof Module>[0]['providers']>;
  /** Path of RouterModule for Runstream's routes. */
  under?: string;
  /** Called with the application before it listens. */
  configure?: (app: NestExpressApplication) => void;
  /** An Express application that Nest is given. */
  adapter?: ExpressAdapter;
}

export interface Host {
  app: INestApplication;
  url: string;
  close(): Promise<void>;
}

/** A machine that is busy with other things is no overload. */
const QUIET = { maxEventLoopDelayMs: 0 };

/** An application that `nest new` would make, with Runstream's module and nothing else of Runstream. */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  const { redis = { url: testRedisUrl() }, ...more } = options.runstream ?? {};
  const runstream = RunstreamModule.forRoot({
    redis: { commandTimeoutMs: PATIENCE_MS, ...redis },
    admission: QUIET,
    ...more,
  });
  // RouterModule takes the modules whose controllers are to be moved: those that RunstreamModule brings.
  const moved = (runstream.imports ?? []).flatMap((one) =>
    typeof one === 'object' && 'module' in one ? [one.module] : [one as Type],
  );
  @Module({ controllers: options.before ?? [] })
  class BeforeModule {}

  @Module({
    imports: [
      BeforeModule,
      runstream,
      ...(options.imports ?? []),
      ...(options.under === undefined
        ? []
        : [RouterModule.register([{ path: options.under, children: moved }])]),
    ],
    controllers: [OrdersController, ...(options.controllers ?? [])],
    providers: options.providers ?? [],
  })
  class AppModule {}

  const settings = { logger: false, abortOnError: false } as const;
  const app = options.adapter
    ? await NestFactory.create<NestExpressApplication>(AppModule, options.adapter, settings)
    : await NestFactory.create<NestExpressApplication>(AppModule, settings);
  options.configure?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}`, close: () => app.close() };
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** A request as any client makes it. What is no JSON is given as `text`. */
export async function ask(
  url: string,
  { method = 'GET', json, text, type = 'application/json', headers = {} }: Partial<Asked> = {},
): Promise<Answer> {
  const body = json === undefined ? text : JSON.stringify(json);
  const response = await fetch(url, {
    method: body === undefined ? method : method === 'GET' ? 'POST' : method,
    headers: { ...(body !== undefined && { 'content-type': type }), ...headers },
    ...(body !== undefined && { body }),
  });
  const received = await response.text();
  return { status: response.status, headers: response.headers, body: toObject(received) };
}

interface Asked {
  method: string;
  json: unknown;
  text: string;
  type: string;
  headers: Record<string, string>;
}

function toObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : { value };
  } catch {
    return { text };
  }
}
