/**
 * Thrown by a route to answer `204 No Content`, for routes whose ordinary answer is committed in another way:
 * a stream that has nothing more to come.
 */
export class NoContent extends Error {
  readonly status = 204;

  constructor() {
    super('There is nothing more to come.');
    this.name = 'NoContent';
  }
}
