import { Body, Controller, Delete, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiErrors } from '../http/index.js';
import { OpenSessionDto } from './dto/key.dto.js';
import { Public } from './scopes.js';
import { SESSION_COOKIE, Sessions } from './sessions.js';
import { UnauthorizedError } from './unauthorized-error.js';

/** How the page signs in: an API key for a cookie that no script can read. */
@ApiTags('session')
@Public()
@Controller('session')
export class SessionController {
  constructor(private readonly sessions: Sessions) {}

  @Post()
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign a browser in with an API key', operationId: 'openSession' })
  @ApiResponse({ status: 204, description: 'The cookie is set: HttpOnly, SameSite=Strict.' })
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
    const secret = await this.sessions.open(body.key);
    if (secret === undefined) throw new UnauthorizedError();
    response.cookie(SESSION_COOKIE, secret, {
      httpOnly: true,
      sameSite: 'strict',
      secure: request.secure,
      path: '/',
      maxAge: this.sessions.ttlSeconds * 1000,
    });
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign a browser out', operationId: 'closeSession' })
  @ApiResponse({ status: 204, description: 'The cookie is gone.' })
  @ApiErrors('REDIS_UNAVAILABLE')
  async close(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    await this.sessions.close(request.get('Cookie'));
    response.clearCookie(SESSION_COOKIE, { path: '/' });
  }
}
