import { JSON_MEDIA_TYPE } from './media-types.js';

export interface ContentType {
  /** Lower case, without parameters: `application/json`. */
  media: string;
  /** Lower case; undefined when not given. */
  charset?: string;
}

export function parseContentType(header: string | undefined): ContentType | undefined {
  if (!header) return undefined;
  // Most requests.
  if (header === JSON_MEDIA_TYPE) return { media: JSON_MEDIA_TYPE };
  const [media = '', ...parameters] = header.toLowerCase().split(';');
  for (const parameter of parameters) {
    const match = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter);
    if (match) return { media: media.trim(), charset: match[1] ?? '' };
  }
  return { media: media.trim() };
}
