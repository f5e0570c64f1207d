import { SSE_METADATA } from '@nestjs/common/constants.js';
import type { Application } from 'express';
import { type Direct, DIRECT, type FindDirect } from './direct-route.js';
import { ACCESS, ALL_TENANTS, ALWAYS_ADMITTED, BODY, type BodyRule, type Says } from './route-metadata.js';

/** A layer of Express's router: a route, or something mounted under a path. */
interface Layer {
  handle: object;
  route?: { path: unknown; methods: Readonly<Record<string, boolean>>; stack: readonly { handle: object }[] };
  /** False when it does not match. */
  match(path: string): { params: PathParams } | false;
}

/** What a path says for the names in its route's. */
type PathParams = Readonly<Record<string, string>>;

interface Entry {
  layer: Layer;
  /** In upper case; empty: any. */
  methods: ReadonlySet<string>;
  route: Route;
  says: Says;
}

/** What a route says of itself, as far as it matters before it is called. */
export interface Route {
  isPublic: boolean;
  isForAllTenants: boolean;
  isAlwaysAdmitted: boolean;
  isStream: boolean;
  /** Undefined when it takes none. */
  body: BodyRule | undefined;
  /** Who answers its JSON requests in place of its controller. */
  direct: Direct | undefined;
}

/** What a request leads to. */
export interface Match {
  /** Undefined when no route takes this method at this path. */
  route: Route | undefined;
  /** Methods that some route takes at this path, sorted; empty when there is no such path. */
  methods: readonly string[];
  /** Whether everything at this path is public, so that a wrong method there may be said to anybody. */
  isPublic: boolean;
  /** Empty without a route. */
  params: PathParams;
}

const TAKE_BODIES = ['POST', 'PUT', 'PATCH'];
const NOWHERE: Match = { route: undefined, methods: [], isPublic: false, params: {} };

/**
 * Says which route a request is for before Express comes to it: who may call it, and what body it takes, must be known
 * before a byte of the body is read. It asks the router's own layers, so no path is ever compared in two ways.
 */
export class RouteTable {
  private entries: Map<string, Entry[]> | undefined;

  /** The layer that asks this table: what stands between it and a route must be passed. */
  edge: object | undefined;

  constructor(
    private readonly app: Application,
    private readonly findDirect: FindDirect,
  ) {}

  match(method: string, path: string): Match {
    this.entries ??= this.build();
    const candidates = [this.entries.get(firstSegment(path)) ?? NONE, this.entries.get(ANYWHERE) ?? NONE];
    // HEAD is answered by the route of GET.
    const asked = method === 'HEAD' ? 'GET' : method;
    for (const entries of candidates) {
      for (const { methods, layer, route } of entries) {
        const found = (methods.size === 0 || methods.has(asked)) && match(layer, path);
        if (found) return { route, methods: [], isPublic: route.isPublic, params: found.params };
      }
    }
    const found = candidates.flat().filter(({ layer }) => match(layer, path));
    if (found.length === 0) return NOWHERE;
    const methods = new Set(found.flatMap((one) => [...one.methods]));
    if (methods.has('GET')) methods.add('HEAD');
    methods.add('OPTIONS');
    return {
      route: undefined,
      methods: [...methods].sort(),
      isPublic: found.every(({ route }) => route.isPublic),
      params: {},
    };
  }

  /** All routes are there before the first request is. */
  private build(): Map<string, Entry[]> {
    const { router } = this.app as unknown as { router: { stack: readonly Layer[] } };
    const entries = new Map<string, Entry[]>();
    let isBehindEdge = false;
    let isBehindOther = false;
    for (const layer of router.stack) {
      const entry = toEntry(layer);
      if (!entry) {
        // Middleware of the application's own behind the edge: whatever comes after it must pass it.
        if (isBehindEdge) isBehindOther = true;
        if (layer.handle === this.edge) isBehindEdge = true;
        continue;
      }
      const { says } = entry;
      if (says(DIRECT) !== undefined && isBehindEdge && !isBehindOther && layer.route?.stack.length === 1)
        entry.route.direct = this.findDirect(says);
      const path = layer.route?.path;
      const key =
        typeof path === 'string' && !/[:*{]/.test(firstSegment(path)) ? firstSegment(path) : ANYWHERE;
      entries.set(key, [...(entries.get(key) ?? []), entry]);
    }
    return entries;
  }
}

const ANYWHERE = '*';
const NONE: readonly Entry[] = [];

function toEntry(layer: Layer): Entry | undefined {
  const { route } = layer;
  const handler = route ? route.stack[0]?.handle : layer.handle;
  // What is mounted is a route only if it says so, as the files of the API documentation do; else it is a layer.
  if (!handler || (!route && !Reflect.hasMetadata(ACCESS, handler))) return undefined;
  const methods = Object.entries(route?.methods ?? {}).flatMap(([method, isTaken]) =>
    isTaken && method !== '_all' ? [method.toUpperCase()] : [],
  );
  const says: Says = (key) => Reflect.getMetadata(key, handler);
  const takesBody = methods.some((method) => TAKE_BODIES.includes(method));
  return {
    layer,
    methods: new Set(methods),
    route: {
      isPublic: says(ACCESS) === 'public',
      isForAllTenants: says(ALL_TENANTS) === true,
      isAlwaysAdmitted: says(ALWAYS_ADMITTED) === true,
      isStream: says(SSE_METADATA) === true,
      body: takesBody ? ((says(BODY) as BodyRule | undefined) ?? {}) : undefined,
      direct: undefined,
    },
    says,
  };
}

/** As Express compares it: in any case. */
function firstSegment(path: string): string {
  return (path.split('/', 2)[1] ?? '').toLowerCase();
}

/** Matching decodes the path, which fails for `%ff`. */
function match(layer: Layer, path: string): { params: PathParams } | false {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
