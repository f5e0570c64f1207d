import type { BuildOptions } from 'esbuild';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** It extends a global. */
export const METADATA = 'reflect-metadata';

/** Of whatever tests run in a bundle. */
export const BUNDLES = {
  absWorkingDir: PROJECT,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // Node compiles them anew in each process, and in each file of tests.
  minify: true,
  // They are large, and for the most part the same.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Nest tells classes by their names.
  keepNames: true,
  // What Nest looks for and does without.
  external: [
    '@nestjs/microservices',
    '@nestjs/websockets',
    '@nestjs/platform-fastify',
    '@fastify/*',
    'class-transformer/storage',
    'file-type',
    METADATA,
  ],
  // At the head of each chunk: which of them is evaluated first is not said, and decorators in any of them need metadata.
  // And packages that are CommonJS ask for Node's own modules in this way.
  banner: {
    js: [
      `import '${METADATA}';`,
      `import { createRequire as $createRequire } from 'node:module';`,
      'const require = $createRequire(import.meta.url);',
    ].join(' '),
  },
  logLevel: 'error',
} as const satisfies BuildOptions;
