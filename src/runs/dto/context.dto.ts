import { ApiProperty } from '@nestjs/swagger';
import { CONTEXT_MODES, type ContextMode } from '../../events/index.js';

const PATHS = 'At most 100 of at most 1024 characters.';
const TRACEPARENT = {
  description: 'The span that it came from (W3C Trace Context). Default: that of the request.',
  example: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const TRACESTATE = { description: 'What tracing systems say beside `traceparent`.', maxLength: 512 };

/** The context of an event. What has no value is not there. */
export class EventContextDto {
  @ApiProperty({ required: false, minLength: 1, maxLength: 255 })
  session_id?: string;
  @ApiProperty({ required: false, minLength: 1, maxLength: 255 })
  epic_id?: string;
  @ApiProperty({ required: false, minLength: 1, maxLength: 255 })
  task_id?: string;
  @ApiProperty({ required: false, minLength: 1, maxLength: 255 })
  git_sha?: string;
  @ApiProperty({ required: false, enum: CONTEXT_MODES, type: String })
  mode?: ContextMode;
  @ApiProperty({ type: [String], required: false, description: PATHS })
  artifact_paths?: string[];
  @ApiProperty({ required: false, ...TRACEPARENT })
  traceparent?: string;
  @ApiProperty({ required: false, ...TRACESTATE })
  tracestate?: string;
}

export class RunContextDto {
  @ApiProperty({ type: String, nullable: true, maxLength: 255 })
  session_id!: string | null;
  @ApiProperty({ type: String, nullable: true, maxLength: 255 })
  epic_id!: string | null;
  @ApiProperty({ type: String, nullable: true, maxLength: 255 })
  task_id!: string | null;
  @ApiProperty({ type: String, nullable: true, maxLength: 255 })
  git_sha!: string | null;
  @ApiProperty({ enum: CONTEXT_MODES, nullable: true, type: String })
  mode!: string | null;
  @ApiProperty({ type: [String], description: PATHS })
  artifact_paths!: string[];
  @ApiProperty({ type: String, nullable: true, ...TRACEPARENT })
  traceparent!: string | null;
  @ApiProperty({ type: String, nullable: true, ...TRACESTATE })
  tracestate!: string | null;
}

/** What `context` of a request may hold: any of the fields. */
export class EventContextInputDto {
  @ApiProperty({ type: String, nullable: true, required: false, minLength: 1, maxLength: 255 })
  session_id?: string | null;
  @ApiProperty({ type: String, nullable: true, required: false, minLength: 1, maxLength: 255 })
  epic_id?: string | null;
  @ApiProperty({ type: String, nullable: true, required: false, minLength: 1, maxLength: 255 })
  task_id?: string | null;
  @ApiProperty({ type: String, nullable: true, required: false, minLength: 1, maxLength: 255 })
  git_sha?: string | null;
  @ApiProperty({ enum: CONTEXT_MODES, nullable: true, type: String, required: false })
  mode?: ContextMode | null;
  @ApiProperty({ type: [String], required: false, nullable: true, maxItems: 100 })
  artifact_paths?: string[] | null;
  @ApiProperty({ type: String, required: false, nullable: true, ...TRACEPARENT })
  traceparent?: string | null;
  @ApiProperty({ type: String, required: false, nullable: true, ...TRACESTATE })
  tracestate?: string | null;
}
