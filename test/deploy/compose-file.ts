export interface Service {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  networks?: string[] | Record<string, { ipv4_address?: string }>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  stop_grace_period?: string;
  ports?: string[];
  restart?: string;
  deploy?: { replicas: number };
}

/** What tests read of a Compose file. */
export interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks?: Record<string, unknown>;
}

/** `${NAME:?why}` and `${NAME}` as Compose fills them in, and `$$` as it hands it on. */
export const filled = (text: string): string =>
  text
    .replaceAll(
      /\$\{(\w+)(?:(:[-?])([^}]*))?\}/g,
      (_, name: string, kind: string | undefined, more: string | undefined) =>
        kind === ':-' ? (more ?? '') : `value-of-${name}`,
    )
    .replaceAll('$$', '$');

export const environmentOf = ({ environment = {} }: Service): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, filled(value)]));
