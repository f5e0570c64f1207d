const PUBLIC_PATHS = new Set(['/', '/docs', '/docs-json', '/metrics', '/session']);
const PUBLIC_FOLDERS = ['/docs/', '/health/'];

/** Paths that belong to the service itself and to no tenant. */
export function isPublicPath(path: string): boolean {
  return PUBLIC_PATHS.has(path) || PUBLIC_FOLDERS.some((folder) => path.startsWith(folder));
}
