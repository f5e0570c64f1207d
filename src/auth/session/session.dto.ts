import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../../http/index.js';
import type { EffectiveAuthMode } from '../auth-options.js';
import { type Scope, SCOPES } from '../scopes/scopes.js';

export class OpenSessionDto {
  @Text({ description: 'An API key.', minLength: 1, maxLength: 255 })
  key!: string;
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
