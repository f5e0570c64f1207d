/**
 * Labels as people write them: `project:web`, separated by commas or lines.
 *
 * @throws SyntaxError
 */
export function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const part of text.split(/[,\n]/)) {
    const label = part.trim();
    if (label === '') continue;
    const colon = label.indexOf(':');
    if (colon < 1) throw new SyntaxError(`“${label}” is no label: write name:value.`);
    labels[label.slice(0, colon).trim()] = label.slice(colon + 1).trim();
  }
  return labels;
}
