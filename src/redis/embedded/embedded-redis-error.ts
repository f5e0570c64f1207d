/** The embedded server could not be had. The message says what to do. */
export class EmbeddedRedisError extends Error {
  constructor(message: string) {
    super(`The embedded Redis did not start: ${message} (or set REDIS_URL to another Redis)`);
    this.name = 'EmbeddedRedisError';
  }
}
