import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';

export class OpenSessionDto {
  @ApiProperty({ description: 'An API key.' })
  @IsString()
  @Length(1, 255)
  key!: string;
}
