import { Controller, Delete, Get, Header, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { RunstreamError, ValidationFailedError } from '../../common/index.js';
import { AcceptsBody, ApiErrors, readJson } from '../../http/index.js';
import { assertTenantId, WorkTenant } from '../../tenancy/index.js';
import { Audited } from '../audit-log.js';
import { OpenSessionDto, SessionResponse } from './session.dto.js';
import { senderOf } from '../origin/own-origin.js';
import { ScopeGuard } from '../scopes/scope.guard.js';
import { Public } from '../scopes/route-access.decorator.js';
import { sessionCookieName, sessionCookieOptions, sessionCookies } from './session-cookie.js';
import { SessionState } from './session-state.js';
import { type Proof, Sessions } from './sessions.js';
import { UnauthorizedError } from '../unauthorized-error.js';

/** Who is signed in, and how the page signs in: for a cookie that no script can read. */
@ApiTags('session')
@Public()
@UseGuards(ScopeGuard)
@Audited()
@AcceptsBody({ maxBytes: 20 * 1024 })
@Controller('session')
export class SessionController {
  constructor(
    private readonly sessions: Sessions,
    private readonly state: SessionState,
    private readonly tenants: WorkTenant,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Say who the caller is, and what they may do',
    description: 'Of a credential as well as of a signed-in browser. It is no error to be nobody.',
    operationId: 'getSession',
  })
  @ApiResponse({ status: 200, type: SessionResponse, description: 'Who asks, and how a page signs in.' })
  @ApiErrors('VALIDATION_FAILED', 'FORBIDDEN', 'REDIS_UNAVAILABLE')
  read(@Req() request: Request): Promise<SessionResponse> {
    return this.state.of(request);
  }

  @Post()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Sign a browser in',
    description:
      'For pages of the same origin: with the one member that this deployment takes. It lasts SESSION_TTL_SECONDS, or ' +
      'until the key or token ends.',
    operationId: 'openSession',
  })
  @ApiResponse({
    status: 204,
    description: 'The cookie is set: HttpOnly, SameSite=Strict, Secure over HTTPS.',
  })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNAUTHORIZED',
    'FORBIDDEN',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  async open(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    const body = readJson(request, OpenSessionDto);
    assertOwnPage(request);
    const proof = this.state.proof;
    const given = takeOnly(proof, body);
    if (proof === 'tenant') {
      assertTenantId(given, proof);
      this.tenants.assertServed(given);
    }
    const session = await this.sessions.open(given);
    if (!session) throw new UnauthorizedError();
    request.principal = session.principal;
    response.cookie(sessionCookieName(request), session.secret, {
      ...sessionCookieOptions(request),
      maxAge: session.lastsMs,
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
  @ApiErrors('FORBIDDEN', 'REDIS_UNAVAILABLE')
  async close(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    assertOwnPage(request);
    const principal = await this.sessions.close(sessionCookies(request));
    if (principal) request.principal = principal;
    response.clearCookie(sessionCookieName(request), sessionCookieOptions(request));
  }
}

/** No other page signs anybody in, as whomever, or out. */
function assertOwnPage(request: Request): void {
  if (senderOf(request) !== 'foreign page') return;
  throw new RunstreamError(
    'FORBIDDEN',
    'Only a page of this service may sign in or out. If it is one behind a proxy, the proxy must pass Host on and set ' +
      'X-Forwarded-Proto.',
  );
}

const PROOFS: Readonly<Record<Proof, string>> = {
  key: 'an API key, as {"key": "…"}',
  token: 'a token of its issuer, as {"token": "…"}',
  tenant: 'the tenant to act for, as {"tenant": "…"}',
};

/** @throws ValidationFailedError for anything but the one member that is taken here */
function takeOnly(proof: Proof | undefined, body: OpenSessionDto): string {
  const others = (Object.keys(PROOFS) as Proof[]).filter((name) => name !== proof && body[name] != null);
  const given = proof && body[proof];
  if (given != null && others.length === 0) return given;
  const message = proof
    ? `this deployment takes ${PROOFS[proof]}, and nothing else`
    : 'there is nothing to sign in to here: GET /session says who callers are';
  throw new ValidationFailedError([{ path: others[0] ?? proof ?? '', message }]);
}
