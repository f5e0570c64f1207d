import { Module } from '@nestjs/common';
import { DashboardModule } from '../../src/dashboard/index.js';
import { EventHandler, type HandlerContext, type RecordedEvent } from '../../src/internal.js';

/** What people and programs may put anywhere. */
export const EVIL = `<img src=x onerror="document.title='taken'"> \u202e <script>document.title='taken'</script>`;
export const EVIL_SHOWN = EVIL.replace('\u202e', '\\u202e');

/** What the handlers have done. */
export const copied: string[] = [];
export const archive = { isFull: true, names: [] as string[] };

/** Handles what there is, and remembers it. */
@EventHandler({ group: 'copies', types: ['log.stdout'], from: 'start' })
class Copy {
  handle(event: RecordedEvent): void {
    copied.push(String(event.data['line']));
  }
}

/** Fails, and takes its time between tries. */
@EventHandler({
  ...{ group: 'billing', types: ['log.stderr'], from: 'start', maxAttempts: 5 },
  backoff: { initialMs: 300_000, maxMs: 300_000 },
})
class Bill {
  handle(): never {
    throw new Error('connect ECONNREFUSED 10.0.0.12:5432');
  }
}

/** Gives up at once. */
@EventHandler({ group: 'archive', types: ['patch.*'], from: 'start', maxAttempts: 1 })
class Archive {
  handle(event: RecordedEvent, _context: HandlerContext): void {
    const name = String(event.data['name']);
    if (archive.isFull)
      throw new Error(name === 'evil' ? EVIL : `Shelf ${archive.names.length} is full of ${name}`);
    archive.names.push(name);
  }
}

/** Whose groups the pages show: one that is well, one that fails, one that gives up. */
@Module({ imports: [DashboardModule.forRoot()], providers: [Copy, Bill, Archive] })
export class Shop {}
