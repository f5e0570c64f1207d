import { freePort } from '../../support/redis.js';
import { type Service, startService } from '../../support/service.js';

/** A service that is started again on the port that it had. */
export class Deployment {
  private constructor(
    readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
    private service: Service,
  ) {}

  static async start(env: NodeJS.ProcessEnv = {}): Promise<Deployment> {
    const port = await freePort();
    const all = { SSE_RETRY_MS: '20', SSE_HEARTBEAT_MS: '500', ...env, PORT: String(port) };
    return new Deployment(port, all, await startService(all));
  }

  get url(): string {
    return this.service.url;
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.service.child.process.kill(signal);
    await this.service.child.exit();
    this.service = await startService(this.env);
  }

  async stop(): Promise<void> {
    await this.service.stop();
  }
}
