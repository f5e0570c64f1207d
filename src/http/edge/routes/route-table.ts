import { PATH_METADATA, SSE_METADATA } from '@nestjs/common/constants.js';
import type { Application } from 'express';
import { type Direct, DIRECT, type FindDirect } from './direct-route.js';
import { RouteIndex } from './route-index.js';
import type { ErrorForm } from '../../errors/error-body.js';
import {
  ACCESS,
  ALL_TENANTS,
  ALWAYS_ADMITTED,
  BODY,
  type BodyRule,
  ERROR_FORM,
  KEY_HEADER,
  type Says,
} from './route-metadata.js';

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
  /** Undefined for one that is a regular expression or a list. */
  path: string | undefined;
  /** In upper case; empty: any. */
  methods: ReadonlySet<string>;
  route: Route;
  says: Says;
}

/** What a route says of itself, as far as it matters before it is called. */
export interface Route {
  /** Whether it says who may call it. Any other route is the application's own. */
  isOurs: boolean;
  isPublic: boolean;
  isForAllTenants: boolean;
  isAlwaysAdmitted: boolean;
  isStream: boolean;
  /** Undefined when it takes none. */
  body: BodyRule | undefined;
  /** Who answers its JSON requests in place of its controller. */
  direct: Direct | undefined;
  /** Undefined: the one error body. */
  errorForm: ErrorForm | undefined;
  /** Undefined: a credential comes in `Authorization` only. */
  keyHeader: string | undefined;
}

/** What a request leads to. */
export interface Match {
  /** Undefined when no route takes this method at this path. */
  route: Route | undefined;
  /** Methods that some route takes at this path, sorted; empty when there is no such path. */
  methods: readonly string[];
  /** Whether it is for a route of ours, or for a path at which one of ours takes another method. */
  isOurs: boolean;
  /** Whether everything at this path is public, so that a wrong method there may be said to anybody. */
  isPublic: boolean;
  /** Empty without a route. */
  params: PathParams;
}

const TAKE_BODIES = ['POST', 'PUT', 'PATCH'];
const NOWHERE: Match = { route: undefined, methods: [], isOurs: false, isPublic: false, params: {} };

/**
 * Says which route a request is for before Express comes to it: who may call it, and what body it takes, must be known
 * before a byte of the body is read. It asks the router's own layers, so no path is ever compared in two ways, and a
 * prefix, a version or RouterModule changes nothing.
 */
export class RouteTable {
  private index: RouteIndex<Entry> | undefined;
  /** Of the application's own, in the router's order. */
  private foreign: readonly Entry[] = [];
  private ranks = new Map<Entry, number>();

  /**
   * @param edge the layer that asks this table: what stands between it and a route must be passed
   * @param isWhole whether routes of the application's own are looked up as well
   */
  constructor(
    private readonly app: Application,
    private readonly edge: object,
    private readonly isWhole: boolean,
    private readonly findDirect: FindDirect,
  ) {}

  match(method: string, path: string): Match {
    this.index ??= this.build();
    const candidates = this.index.at(path);
    if (candidates.length === 0) return NOWHERE;
    // HEAD is answered by the route of GET.
    const asked = method === 'HEAD' ? 'GET' : method;
    for (const entry of candidates) {
      const found = takes(entry, asked) && match(entry.layer, path);
      if (!found) continue;
      const { route } = entry;
      if (!this.isWhole && this.foreignBefore(entry, asked, path)) return NOWHERE;
      return { route, methods: [], isOurs: route.isOurs, isPublic: route.isPublic, params: found.params };
    }
    const found = candidates.filter(({ layer }) => match(layer, path));
    if (found.length === 0) return NOWHERE;
    const methods = new Set(found.flatMap((one) => [...one.methods]));
    if (methods.has('GET')) methods.add('HEAD');
    methods.add('OPTIONS');
    return {
      route: undefined,
      methods: [...methods].sort(),
      isOurs: found.some(({ route }) => route.isOurs),
      isPublic: found.every(({ route }) => route.isPublic),
      params: {},
    };
  }

  /**
   * Routes of ours that another one of the application takes first, as `GET /runs`, with that one's path. Names in a
   * path are compared as if they were what a request says.
   */
  shadowed(): { method: string; path: string; by: string }[] {
    this.index ??= this.build();
    return [...this.ranks.keys()].flatMap((entry) => {
      const { path } = entry;
      if (!entry.route.isOurs || path === undefined) return [];
      return [...entry.methods].flatMap((method) => {
        const by = this.foreignBefore(entry, method, path.replace(/[:{}*]/g, ''));
        return by ? [{ method, path, by: by.path ?? 'a pattern' }] : [];
      });
    });
  }

  private foreignBefore(entry: Entry, method: string, path: string): Entry | undefined {
    const rank = this.rank(entry);
    return this.foreign.find(
      (other) => this.rank(other) < rank && takes(other, method) && match(other.layer, path),
    );
  }

  private rank(entry: Entry): number {
    return this.ranks.get(entry) ?? 0;
  }

  /** All routes are there before the first request is. */
  private build(): RouteIndex<Entry> {
    const entries: Entry[] = [];
    let isBehindEdge = false;
    let isBehindOther = false;
    const { router } = this.app as unknown as { router: { stack: readonly Layer[] } };
    for (const layer of router.stack) {
      const entry = isMiddleware(layer) ? undefined : toEntry(layer);
      if (!entry) {
        // Middleware of the application's own behind the edge: whatever comes after it must pass it.
        if (isBehindEdge) isBehindOther = true;
        if (layer.handle === this.edge) isBehindEdge = true;
        continue;
      }
      const { says } = entry;
      if (says(DIRECT) !== undefined && isBehindEdge && !isBehindOther && layer.route?.stack.length === 1)
        entry.route.direct = this.findDirect(says);
      entries.push(entry);
    }
    this.ranks = new Map(entries.map((entry, rank) => [entry, rank]));
    this.foreign = entries.filter(({ route }) => !route.isOurs);
    return new RouteIndex(this.isWhole ? entries : entries.filter(({ route }) => route.isOurs));
  }
}

function takes({ methods }: Entry, method: string): boolean {
  return methods.size === 0 || methods.has(method);
}

/**
 * Middleware of a module is mounted as a route where it names a path or a method (nestjs-pino's takes every path).
 * Unlike a controller's it has no metadata, and unlike a last handler it takes `next`: so it passes requests on.
 */
function isMiddleware({ route }: Layer): boolean {
  return (
    route?.stack.every(
      ({ handle }) =>
        typeof handle === 'function' && handle.length > 2 && !Reflect.hasMetadata(PATH_METADATA, handle),
    ) ?? false
  );
}

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
    path: typeof route?.path === 'string' ? route.path : undefined,
    methods: new Set(methods),
    route: {
      isOurs: says(ACCESS) !== undefined,
      isPublic: says(ACCESS) === 'public',
      isForAllTenants: says(ALL_TENANTS) === true,
      isAlwaysAdmitted: says(ALWAYS_ADMITTED) === true,
      isStream: says(SSE_METADATA) === true,
      body: takesBody ? ((says(BODY) as BodyRule | undefined) ?? {}) : undefined,
      direct: undefined,
      errorForm: says(ERROR_FORM) as ErrorForm | undefined,
      keyHeader: says(KEY_HEADER) as string | undefined,
    },
    says,
  };
}

/** Matching decodes the path, which fails for `%ff`. */
function match(layer: Layer, path: string): { params: PathParams } | false {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
