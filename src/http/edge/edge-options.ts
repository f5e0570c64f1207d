import type { AllowedOrigins } from '../../common/index.js';
import { defaultsOf } from '../../config/index.js';

/** How Runstream's routes are served. @publicApi */
export interface EdgeOptions {
  /** Size limit of a JSON body, in bytes after decompression. Default 8 388 608 (8 MiB). */
  maxRequestBytes?: number;
  /**
   * A JSON body that is slower than 32 KiB a second for so many milliseconds ends its connection; on public routes after
   * a third of it. Default 15 000.
   */
  bodyGraceMs?: number;
  /** How long the rest of a refused upload is read and thrown away, in milliseconds. Default 5000. */
  lingerMs?: number;
  /**
   * How long requests that are under way may take at a shutdown, in milliseconds; after that their connections are
   * closed. Default 10 000.
   */
  shutdownTimeoutMs?: number;
  /**
   * Origins whose pages may call; `['*']`: any; `localhost`: any port of this machine. Default: no CORS headers are
   * sent, and without credentials no page of another origin may change anything.
   */
  corsOrigins?: AllowedOrigins;
  /**
   * Path that a proxy in front cuts off, as `/runstream`: links and `Location` begin with it. A prefix of the
   * application's own (`setGlobalPrefix`, versions, `RouterModule`) is known without it. Default: none.
   */
  basePath?: string;
}

/** What `configureRunstream()` changes for the whole application. @publicApi */
export interface ConfigureOptions extends EdgeOptions {
  /**
   * Proxies in front, which say in `X-Forwarded-For` whose request it is: how many there are, or their addresses.
   * Default: none, and the header is not looked at.
   */
  trustProxy?: number | readonly string[];
}

export const EDGE_OPTIONS = Symbol('EDGE_OPTIONS');

export const EDGE_DEFAULTS = defaultsOf('http');
