const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/**
 * JSON on what every reader takes for one line: JSON itself escapes CR and LF, but some clients also end lines where
 * Unicode does (https://www.unicode.org/reports/tr13/). They can only stand in strings, so the value stays the same.
 */
export function toLine(json: string): string {
  // Most have none, and looking is far cheaper than replacing.
  if (json.search(LINE_ENDS) < 0) return json;
  return json.replace(LINE_ENDS, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
