import { Text } from '../../http/index.js';

export class OpenSessionDto {
  @Text({ description: 'An API key.', minLength: 1, maxLength: 255 })
  key!: string;
}
