import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../../http/index.js';
import type { EffectiveAuthMode } from '../auth-options.js';
import { type Scope, SCOPES } from '../scopes/scopes.js';

/** Longer ones don't pass in a header either. */
const MAX_TOKEN_LENGTH = 16 * 1024;

export class OpenSessionDto {
  @Text({
    description: 'An API key, with `AUTH_MODE=api-key`.',
    optional: true,
    minLength: 1,
    maxLength: 255,
  })
  key?: string;
  @Text({
    description: 'A token of the issuer, with `AUTH_MODE=jwt`.',
    optional: true,
    minLength: 1,
    maxLength: MAX_TOKEN_LENGTH,
  })
  token?: string;
  @Text({
    description: 'The tenant to act for, where a header names it and nobody has to prove who they are.',
    optional: true,
    minLength: 1,
    maxLength: 63,
  })
  tenant?: string;
}

export class SessionResponse {
  @ApiProperty({
    enum: ['none', 'api-key', 'jwt', 'own'],
    description: 'What callers have to prove. `own`: the application around Runstream knows them.',
  })
  auth_mode!: EffectiveAuthMode;
  @ApiProperty({ type: String, nullable: true, description: 'Whose data the caller sees.' })
  tenant_id!: string | null;
  @ApiProperty({
    enum: SCOPES,
    enumName: 'Scope',
    isArray: true,
    nullable: true,
    description:
      'What the caller may do. Null: nobody is signed in, and no credential that is good was sent.',
  })
  scopes!: Scope[] | null;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When the credential or the sign-in ends.',
  })
  expires_at!: string | null;
  @ApiProperty({
    enum: ['header', 'fixed'],
    description: '`header`: each request names its tenant, and no credential fixes it.',
  })
  tenants!: 'header' | 'fixed';
}
