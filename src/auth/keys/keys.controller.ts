import { Controller, Delete, Get, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { RunstreamError } from '../../common/index.js';
import { AcceptsBody, ApiErrors, ApiQueryOf, readJson, readQuery } from '../../http/index.js';
import { Tenant } from '../../tenancy/index.js';
import { type ApiKey, ApiKeys } from './api-keys.js';
import {
  CreatedKeyResponse,
  CreateKeyDto,
  KeyListResponse,
  type KeyResponse,
  ListKeysQuery,
} from './key.dto.js';
import { WithApiKeys } from './with-api-keys.guard.js';
import { RequireScope } from '../scopes/route-access.decorator.js';
import { OPERATOR_SCOPE, type Scope } from '../scopes/scopes.js';

@ApiTags('keys')
@RequireScope('keys:admin')
@AcceptsBody({ maxBytes: 16 * 1024 })
@UseGuards(WithApiKeys)
@Controller('keys')
export class KeysController {
  constructor(private readonly keys: ApiKeys) {}

  @Post()
  @ApiOperation({
    summary: 'Make an API key of your tenant',
    description: 'With no scope that your own credential lacks, and no longer life.',
    operationId: 'createKey',
  })
  @ApiResponse({ status: 201, type: CreatedKeyResponse, description: 'The key, shown this once.' })
  @ApiErrors('VALIDATION_FAILED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'REDIS_UNAVAILABLE')
  async create(@Tenant() tenantId: string, @Req() request: Request): Promise<CreatedKeyResponse> {
    const body = readJson(request, CreateKeyDto);
    assertHolds(request, body.scopes);
    const expiresAt = Math.min(
      body.ttl_seconds == null ? Infinity : Date.now() + body.ttl_seconds * 1000,
      request.principal?.expiresAt ?? Infinity,
    );
    const { secret, key } = await this.keys.create({
      name: body.name,
      tenantId,
      scopes: body.scopes,
      ...(expiresAt < Infinity && { expiresAt }),
    });
    return Object.assign(toKeyResponse(key), { key: secret });
  }

  @Get()
  @ApiOperation({
    summary: 'List the API keys of your tenant, newest first',
    description: 'Keys that have expired or were revoked are listed for 30 days more.',
    operationId: 'listKeys',
  })
  @ApiResponse({ status: 200, type: KeyListResponse, description: 'One page of keys.' })
  @ApiErrors('VALIDATION_FAILED', 'REDIS_UNAVAILABLE')
  @ApiQueryOf(ListKeysQuery)
  async list(@Tenant() tenantId: string, @Req() request: Request): Promise<KeyListResponse> {
    const query = readQuery(request, ListKeysQuery);
    const { keys, next } = await this.keys.list(tenantId, query.limit, query.cursor);
    return {
      keys: keys.map(toKeyResponse),
      count: keys.length,
      has_more: next !== undefined,
      next_cursor: next ?? null,
    };
  }

  @Delete(':key_id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Revoke an API key',
    description: 'Streams that it opened end within 5 seconds.',
    operationId: 'revokeKey',
  })
  @ApiParam({ name: 'key_id', example: '9f86d081884c7d65' })
  @ApiResponse({ status: 204, description: 'Revoked.' })
  @ApiErrors('KEY_NOT_FOUND', 'REDIS_UNAVAILABLE')
  async revoke(@Tenant() tenantId: string, @Param('key_id') id: string): Promise<void> {
    if (!(await this.keys.revoke(tenantId, id))) {
      throw new RunstreamError(
        'KEY_NOT_FOUND',
        'There is no key with this id. List the keys with GET /keys.',
      );
    }
  }
}

/** Nobody gives away more than they have, nor what is the operator's to give. */
function assertHolds({ principal }: Request, scopes: readonly Scope[]): void {
  if (scopes.includes(OPERATOR_SCOPE)) {
    throw new RunstreamError(
      'FORBIDDEN',
      `Keys with ${OPERATOR_SCOPE} are made on the command line of the service: npm run keys. Leave it out.`,
    );
  }
  const missing = scopes.filter((scope) => principal && !principal.scopes.includes(scope));
  if (missing.length === 0) return;
  throw new RunstreamError(
    'FORBIDDEN',
    `You can't give ${missing.join(', ')} since your own credential lacks it. Leave it out.`,
  );
}

function toKeyResponse(key: ApiKey): KeyResponse {
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    id: key.id,
    name: key.name,
    tenant_id: key.tenantId,
    scopes: key.scopes,
    created_at: new Date(key.createdAt).toISOString(),
    expires_at: time(key.expiresAt),
    revoked_at: time(key.revokedAt),
    last_used_at: time(key.lastUsedAt),
  };
}
