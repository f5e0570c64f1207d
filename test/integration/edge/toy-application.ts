import { configureRunstream } from '../../../src/configure-runstream.js';
import {
  Body,
  Controller,
  Delete,
  Get,
  Global,
  HttpCode,
  HttpException,
  Module,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Req,
  Res,
  Sse,
  type Type,
  UseFilters,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { IsString } from 'class-validator';
import type { Request, Response } from 'express';
import type { AddressInfo } from 'node:net';
import type { Observable } from 'rxjs';
import { RunNotFoundError, RedisUnavailableError } from '../../../src/common/index.js';
import type { TenancyConfig } from '../../../src/config/index.js';
import { HealthModule } from '../../../src/health/index.js';
import {
  ACCESS,
  AdmissionModule,
  ApiErrors,
  type ConfigureOptions,
  EdgeModule,
  NoContent,
  QueryInteger,
  readJson,
  readLines,
  readQuery,
  RequestAccess,
  RouteExceptionFilter,
  RouteMetadata,
  setupDocs,
} from '../../../src/http/index.js';
import { RequestTenant, TenancyModule, Tenant, TenantContext } from '../../../src/tenancy/index.js';

class Thing {
  @IsString()
  task!: string;
}

class Page {
  @QueryInteger({ minimum: 1, maximum: 10, default: 5 })
  limit: number = 5;
}

@RouteMetadata(ACCESS, 'runs:read')
@UseFilters(RouteExceptionFilter)
@Controller('toy')
class ToyController {
  constructor(private readonly context: TenantContext) {}

  @Post('echo')
  echo(@Body() body: unknown, @Req() request: Request) {
    return { body: body === undefined ? 'none' : body, raw: request.rawBody?.toString('latin1') };
  }

  @Post('things')
  @ApiErrors('VALIDATION_FAILED', 'INVALID_EVENT_ID', 'REDIS_UNAVAILABLE')
  thing(@Req() request: Request) {
    return readJson(request, Thing);
  }

  @Get('things')
  page(@Req() request: Request) {
    return readQuery(request, Page);
  }

  @Get('things/:id')
  one(@Param('id') id: string) {
    return { id };
  }

  @Delete('things/:id')
  @HttpCode(204)
  remove() {}

  @Get('number/:n')
  number(@Param('n', ParseIntPipe) n: number) {
    return { n };
  }

  @Post('lines')
  @HttpCode(200)
  async lines(@Req() request: Request) {
    let count = 0;
    for await (const lines of readLines(request, { maxLineBytes: 1000, idleTimeoutMs: 2000 }))
      count += lines.length;
    return { count };
  }

  @Get('fails/:how')
  async fails(@Param('how') how: string, @Res() response: Response): Promise<never> {
    if (how === 'known') throw new RunNotFoundError();
    if (how === 'redis') throw new RedisUnavailableError(new Error('connect ECONNREFUSED 10.1.2.3:6379'));
    if (how === 'nest') throw new NotFoundException('No such thing.');
    if (how === 'teapot') throw new HttpException('Short and stout.', 418);
    if (how === 'gateway') throw new HttpException('upstream is away', 502);
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what others throw
    if (how === 'string') throw 'secret string';
    if (how === 'nothing') throw new NoContent();
    if (how === 'late') await new Promise((resolve) => response.status(200).write('half an ans', resolve));
    throw new TypeError('secret internals');
  }

  @Sse('stream')
  stream(): Promise<Observable<string>> {
    return Promise.reject(new NoContent());
  }

  @Get('tenant')
  async tenant(@Tenant() tenantId: string) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    return { tenantId };
  }

  @Post('tenant')
  tenantOfBody(@Tenant() tenantId: string) {
    return this.context.run(tenantId, async () => {
      const before = this.context.tenantId;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      return { tenantId, before, after: this.context.tenantId };
    });
  }
}

/** Tenants without credentials. */
@Global()
@Module({
  providers: [
    {
      provide: RequestAccess,
      inject: [RequestTenant],
      useFactory: (tenant: RequestTenant): RequestAccess => ({
        identify: (request, match) => tenant.identify(request, match),
        admit: () => Promise.resolve(),
      }),
    },
  ],
  exports: [RequestAccess],
})
class AccessModule {}

export interface Toy {
  app: NestExpressApplication;
  url: string;
  port: number;
}

export async function startToy(
  tenancy: Partial<TenancyConfig> = {},
  options: Partial<ConfigureOptions> = {},
  prepare?: (app: NestExpressApplication) => void,
): Promise<Toy> {
  @Module({
    imports: [
      AdmissionModule.forRoot(),
      EdgeModule.forRoot(),
      AccessModule,
      TenancyModule.forRoot({
        enabled: false,
        defaultTenantId: 'default',
        allowedTenants: '*',
        header: 'X-Tenant-ID',
        ...tenancy,
      }),
      HealthModule.forRoot(),
    ],
    controllers: [ToyController],
  })
  class ToyModule {}

  const root: Type = ToyModule;
  const app = await NestFactory.create<NestExpressApplication>(root, {
    bodyParser: false,
    logger: false,
    abortOnError: false,
  });
  configureRunstream(app, { maxRequestBytes: 100_000, corsOrigins: 'localhost', ...options });
  setupDocs(app);
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, port, url: `http://127.0.0.1:${port}` };
}
