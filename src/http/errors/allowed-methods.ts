import type { Request } from 'express';

/** The part of Express's router that says which routes there are. */
interface RouterLayer {
  route?: { methods: Readonly<Record<string, boolean>> };
  match(path: string): unknown;
}

/**
 * Methods that some route offers at the path of this request, in upper case; empty when there is no such path.
 * Asked only once nothing has matched, to tell 404 from 405.
 */
export function allowedMethods(request: Request): string[] {
  const { router } = request.app as unknown as { router: { stack: readonly RouterLayer[] } };
  const path = request.originalUrl.replace(/[?#].*$/s, '');
  const methods = new Set<string>();
  for (const layer of router.stack) {
    const { route } = layer;
    if (!route || !matches(layer, path)) continue;
    for (const [method, offered] of Object.entries(route.methods)) {
      if (offered && method !== '_all') methods.add(method.toUpperCase());
    }
  }
  if (methods.has('GET')) methods.add('HEAD');
  if (methods.size > 0) methods.add('OPTIONS');
  return [...methods].sort();
}

/** Matching decodes the path, which fails for `%ff`. */
function matches(layer: RouterLayer, path: string): boolean {
  try {
    return Boolean(layer.match(path));
  } catch {
    return false;
  }
}
