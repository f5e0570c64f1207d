import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../test/support/child.js';
import { freePort } from '../../test/support/redis.js';

const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';

/** nchan, a module of nginx in C that keeps messages in memory. Undefined where it is not installed. */
export async function startNchan(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  if (!existsSync(MODULE)) return undefined;
  const dir = await mkdtemp(join(tmpdir(), 'runstream-bench-nchan-'));
  const port = await freePort();
  const config = join(dir, 'nginx.conf');
  await writeFile(
    config,
    `load_module ${MODULE};
worker_processes 1;
daemon off;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log crit;
events { worker_connections 8192; }
http {
  keepalive_requests 1000000;
  access_log off;
  client_body_temp_path ${dir}/body;
  server {
    listen 127.0.0.1:${port};
    location = /events { nchan_publisher; nchan_channel_id run; nchan_message_buffer_length 100; }
    location = /stream { nchan_subscriber eventsource; nchan_channel_id run; nchan_subscriber_first_message newest; }
  }
}
`,
  );
  const child = startChild('nginx', ['-c', config, '-p', dir]);
  const url = `http://127.0.0.1:${port}`;
  await answers(url);
  return {
    url,
    stop: async () => {
      child.process.kill('SIGTERM');
      await child.exit();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await fetch(`${url}/events`);
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
