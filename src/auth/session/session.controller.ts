import { Body, Controller, Delete, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiErrors } from '../../http/index.js';
import { Audited } from '../audit-log.js';
import { OpenSessionDto } from './session.dto.js';
import { Public } from '../scopes.js';
import { SESSION_COOKIE, Sessions } from './sessions.js';
import { UnauthorizedError } from '../unauthorized-error.js';

/** How the page signs in: an API key for a cookie that no script can read. */
@ApiTags('session')
@Public()
@Audited()
@Controller('session')
export class SessionController {
  constructor(private readonly sessions: Sessions) {}

  @Post()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Sign a browser in with an API key',
    description: 'For pages of the same origin. It lasts SESSION_TTL_SECONDS, or until the key ends.',
    operationId: 'openSession',
  })
  @ApiResponse({
    status: 204,
    description: 'The cookie is set: HttpOnly, SameSite=Strict, Secure over HTTPS.',
  })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNAUTHORIZED',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  async open(
    @Body() body: OpenSessionDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    const session = await this.sessions.open(body.key);
    if (!session) throw new UnauthorizedError();
    request.principal = session.principal;
    response.cookie(SESSION_COOKIE, session.secret, {
      ...cookieOptions(request),
      maxAge: this.sessions.ttlSeconds * 1000,
    });
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Sign a browser out',
    description: 'Streams that it has open end within 5 seconds.',
    operationId: 'closeSession',
  })
  @ApiResponse({ status: 204, description: 'The cookie is gone.' })
  @ApiErrors('REDIS_UNAVAILABLE')
  async close(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    const principal = await this.sessions.close(request.get('Cookie'));
    if (principal) request.principal = principal;
    response.clearCookie(SESSION_COOKIE, cookieOptions(request));
  }
}

function cookieOptions(request: Request) {
  // Whoever forges this header keeps nobody's cookie from being sent but their own, so no proxy need be trusted.
  const secure = request.secure || /^https\b/i.test(request.get('X-Forwarded-Proto') ?? '');
  return { httpOnly: true, sameSite: 'strict', secure, path: '/' } as const;
}
