const STREAM = /\/events\/stream\/?$/i;

/** Whether a path is that of an event stream; as the router takes it, in any case and with a slash behind it. */
export function isStreamPath(path: string): boolean {
  return STREAM.test(path);
}
