import { type Redis, type RedisOptions, SentinelConnector } from 'ioredis';

type Options = ConstructorParameters<typeof SentinelConnector>[0];
type ConnectorClass = NonNullable<RedisOptions['Connector']>;

/**
 * Finds masters by their Sentinels as ioredis does, and says of each Sentinel that it can not be reached, or can. ioredis
 * has no listener for those that it hears of failovers from, and then it prints every attempt.
 */
export function sentinelConnector(note: (address: string, isThere: boolean) => void): ConnectorClass {
  return class extends SentinelConnector {
    constructor(options: unknown) {
      super(options as Options);
      const connector = this as unknown as { connectToSentinel(...args: unknown[]): Redis };
      const connect = connector.connectToSentinel.bind(this);
      connector.connectToSentinel = (...args) => {
        const client = connect(...args);
        const address = `${client.options.host}:${client.options.port}`;
        client.on('error', () => {
          note(address, false);
        });
        client.on('ready', () => {
          note(address, true);
        });
        return client;
      };
    }
  };
}
