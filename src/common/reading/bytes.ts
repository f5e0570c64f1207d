/** Texts and bytes one after the other, as UTF-8. Texts that follow each other are encoded together. */
export function concatBytes(parts: readonly (string | Buffer)[]): Buffer {
  const chunks: Buffer[] = [];
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    if (text !== '') chunks.push(Buffer.from(text));
    text = '';
    chunks.push(part);
  }
  if (chunks.length === 0) return Buffer.from(text);
  if (text !== '') chunks.push(Buffer.from(text));
  return Buffer.concat(chunks);
}
