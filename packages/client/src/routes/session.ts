import type { AnswerOf, BodyOf } from '../types.js';
import { type CallOptions, Routes } from './routes.js';

/** Who the caller is. Signing in and out is for pages of the service's own origin: the browser keeps the cookie. */
export class SessionRoutes extends Routes {
  /** Who the caller is, what they may do, and how a page signs in. */
  get({ signal }: CallOptions = {}): Promise<AnswerOf<'getSession'>> {
    return this.call<'getSession'>('GET', '/session', { signal });
  }

  /** Signs a browser in with the one member that the deployment takes. */
  async open(body: BodyOf<'openSession'>, { signal }: CallOptions = {}): Promise<void> {
    await this.call<'openSession'>('POST', '/session', { body, signal });
  }

  /** Signs a browser out. */
  async close({ signal }: CallOptions = {}): Promise<void> {
    await this.call<'closeSession'>('DELETE', '/session', { signal });
  }
}
