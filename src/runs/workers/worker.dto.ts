import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsObject, IsOptional, Matches, ValidateBy } from 'class-validator';
import type { JsonObject } from '../../events/index.js';
import { WholeNumber } from '../../http/index.js';
import { RunResponse } from '../dto/run.dto.js';
import { JSON_OBJECT } from '../dto/schemas.js';

const MAX_SCHEMA_BYTES = 16 * 1024;

export class PutExecutorDto {
  @WholeNumber({
    ...{ minimum: 1, maximum: 1_000_000_000, default: 1 },
    description:
      'One that is lower than the stored one is refused: an older worker does not undo a newer one.',
  })
  version?: number | null;

  @ApiProperty({
    ...{ enum: ['fail', 'restart'], required: false, nullable: true, example: 'restart' },
    description:
      'What becomes of a run whose worker is lost: it fails, or the next claim gets it. Choose `restart` only for work ' +
      'that may be done twice. Default `fail`.',
  })
  @IsOptional()
  @IsIn(['fail', 'restart'])
  on_crash?: 'fail' | 'restart' | null;

  @WholeNumber({
    ...{ minimum: 1, maximum: 1000, default: 5 },
    description:
      'With `restart`: how often a run is started whose worker is lost each time; three times at least.',
  })
  max_attempts?: number | null;

  @WholeNumber({
    ...{ minimum: 1, maximum: 3600, default: 30 },
    description: 'A worker that says nothing for so long is lost.',
  })
  lease_seconds?: number | null;

  @ApiProperty({
    ...JSON_OBJECT,
    ...{ selfRequired: false, nullable: true },
    description: 'A JSON Schema of `input`, of at most 16 KiB: shown, and not enforced.',
  })
  @IsOptional()
  @IsObject()
  @ValidateBy({
    name: 'schemaSize',
    validator: {
      validate: (value: unknown) => Buffer.byteLength(JSON.stringify(value)) <= MAX_SCHEMA_BYTES,
      defaultMessage: () => `must have at most ${MAX_SCHEMA_BYTES} bytes of JSON`,
    },
  })
  input_schema?: JsonObject | null;
}

export class WorkerDto {
  @ApiProperty({ example: 'worker-1', description: 'As it calls itself.' })
  worker!: string;
  @ApiProperty({ type: 'integer', description: 'Runs that it holds.' })
  running!: number;
  @ApiProperty({
    ...{ type: String, format: 'date-time', nullable: true },
    description: 'When it last asked for a run; null when that is over a minute ago.',
  })
  asked_at!: string | null;
}

export class WorkerExecutorResponse {
  @ApiProperty({ example: 'summarise' })
  name!: string;
  @ApiProperty({ type: 'integer' })
  version!: number;
  @ApiProperty({ enum: ['fail', 'restart'] })
  on_crash!: 'fail' | 'restart';
  @ApiProperty({ type: 'integer' })
  max_attempts!: number;
  @ApiProperty({ type: 'integer' })
  lease_seconds!: number;
  @ApiProperty({ ...JSON_OBJECT, nullable: true })
  input_schema!: JsonObject | null;
  @ApiProperty({ type: 'integer', description: 'Runs that workers hold.' })
  running!: number;
  @ApiProperty({ type: 'integer', description: 'Runs that wait for one.' })
  pending!: number;
  @ApiProperty({
    type: [WorkerDto],
    description: 'Those that hold runs, or asked for one within the last minute.',
  })
  workers!: WorkerDto[];
}

/** Of a worker, for all that it asks. */
export class WorkerCallDto {
  @ApiProperty({
    ...{ example: 'worker-1', pattern: '^[A-Za-z0-9_-]{1,100}$' },
    description: 'What the worker calls itself; it is shown as the holder.',
  })
  @Matches(/^[A-Za-z0-9_-]{1,100}$/, { message: 'must be 1 to 100 letters, digits, "_" or "-"' })
  worker!: string;

  @ApiProperty({
    ...{ example: '5f0c9a1b2d3e', pattern: '^[\\x21-\\x7e]{1,128}$' },
    description: 'A new one for each call. The same again, when the answer was lost, is answered the same.',
  })
  @Matches(/^[\x21-\x7e]{1,128}$/, { message: 'must be 1 to 128 printable ASCII characters without spaces' })
  claim_id!: string;

  @WholeNumber({
    ...{ minimum: 0, maximum: 60, default: 20 },
    description: 'For how long to wait when there is nothing.',
  })
  wait_seconds?: number | null;
}

export class ClaimRunsDto extends WorkerCallDto {
  @WholeNumber({ minimum: 1, maximum: 100, default: 1, description: 'Most runs.' })
  max?: number | null;
}

export class RunClaimDto {
  @ApiProperty({ type: RunResponse })
  run!: RunResponse;
  @ApiProperty({ description: 'For the header `Lease-Token`.' })
  lease_token!: string;
  @ApiProperty({ format: 'date-time', description: 'Until when it holds, unless it is renewed.' })
  lease_expires_at!: string;
}

export class RunClaimsResponse {
  @ApiProperty({ type: [RunClaimDto] })
  claims!: RunClaimDto[];
}

export class RenewLeaseDto {
  @WholeNumber({
    ...{ minimum: 0, maximum: 60, default: 0 },
    description: 'Answer when the run has ended, as when it is cancelled, or after so long.',
  })
  wait_seconds?: number | null;
}

export class ReleaseRunDto {
  @WholeNumber({
    ...{ minimum: 0, maximum: 3600, default: 0 },
    description: 'For how long nobody is to get it; at most the lease.',
  })
  delay_seconds?: number | null;
}

export class LeaseResponse {
  @ApiProperty({ enum: ['running', 'completed', 'failed', 'cancelled'] })
  status!: string;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Null once the run has ended.',
  })
  lease_expires_at!: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the run was cancelled, if somebody said so.',
  })
  cancel_reason!: string | null;
}
