import { SseParser, type SseFrame } from '../conformance/sse-parser.js';

/**
 * The frames of an answer that ends, and whether it was whole.
 *
 * @param frames where they are put as they come
 */
export async function framesOf(
  response: Response,
  frames: SseFrame[] = [],
): Promise<{ frames: SseFrame[]; whole: boolean }> {
  const parser = new SseParser((item) => {
    if (item.kind === 'frame') frames.push(item);
  });
  try {
    for await (const chunk of response.body ?? []) parser.push(chunk as Uint8Array);
    return { frames, whole: true };
  } catch {
    return { frames, whole: false };
  }
}
