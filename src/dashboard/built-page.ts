import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';

const FOLDER = new URL('./assets/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

interface BuiltFile {
  type: string;
  content: Buffer;
  /** The same, for whoever takes it: a third of the bytes. Made once. */
  gzipped: Buffer;
}

/** What packages/dashboard was built into: the page, and its files, whose names change with their content. */
export class BuiltPage {
  readonly html: string;
  private readonly files = new Map<string, BuiltFile>();

  /**
   * @param service where the routes are, seen from the page, with a slash at its end
   * @throws Error when it was not built
   */
  constructor(service: string) {
    try {
      this.html = readFileSync(new URL('index.html', FOLDER), 'utf8').replaceAll('{{service}}', service);
      for (const name of readdirSync(FOLDER)) {
        const type = TYPES[extname(name)];
        if (type === undefined) continue;
        const content = readFileSync(new URL(name, FOLDER));
        this.files.set(name, { type, content, gzipped: gzipSync(content) });
      }
    } catch (cause) {
      throw new Error(
        'DashboardModule has no page to serve: its files are not built. Run `npm run build`; an application that ' +
          'bundles its code must copy the folder dashboard/assets of the package beside it.',
        { cause },
      );
    }
  }

  file(name: string): BuiltFile | undefined {
    return this.files.get(name);
  }
}
