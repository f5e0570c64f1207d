import { ApiProperty } from '@nestjs/swagger';
import { ArrayNotEmpty, ArrayUnique, IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { QueryInteger, Text } from '../../http/index.js';
import { type Scope, SCOPES } from '../scopes/scopes.js';
import { KEY_PLACE } from './key-list.js';

/** Ten years. */
export const MAX_KEY_TTL_SECONDS = 10 * 365 * 86_400;

export class CreateKeyDto {
  @Text({
    description: 'Whose it is or what it is for.',
    minLength: 1,
    maxLength: 255,
    example: 'dashboard',
  })
  name!: string;

  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true })
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(SCOPES, { each: true })
  scopes!: Scope[];

  @ApiProperty({
    required: false,
    type: 'integer',
    minimum: 1,
    maximum: MAX_KEY_TTL_SECONDS,
    nullable: true,
    description: 'For how many seconds it is good. Default: as long as the credential that makes it.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_KEY_TTL_SECONDS)
  ttl_seconds?: number | null;
}

export class KeyResponse {
  @ApiProperty({ example: '9f86d081884c7d65' })
  id!: string;
  @ApiProperty({ example: 'dashboard' })
  name!: string;
  @ApiProperty({ example: 'default' })
  tenant_id!: string;
  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true })
  scopes!: Scope[];
  @ApiProperty({ format: 'date-time' })
  created_at!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expires_at!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revoked_at!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'To the minute.' })
  last_used_at!: string | null;
}

export class CreatedKeyResponse extends KeyResponse {
  @ApiProperty({ description: 'The key itself. It is shown this once.' })
  key!: string;
}

export class KeyListResponse {
  @ApiProperty({ type: [KeyResponse] })
  keys!: KeyResponse[];
  @ApiProperty({ type: 'integer' })
  count!: number;
  @ApiProperty({ description: 'A page may be short and still have a next one.' })
  has_more!: boolean;
  @ApiProperty({ type: String, nullable: true })
  next_cursor!: string | null;
}

export class ListKeysQuery {
  @QueryInteger({ minimum: 1, maximum: 1000, default: 50 })
  limit: number = 50;

  @ApiProperty({ required: false, description: '`next_cursor` of the page before.' })
  @IsOptional()
  @Matches(KEY_PLACE, { message: 'must be the next_cursor of a page' })
  cursor?: string;
}
