import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { RunEndedError, Runstream } from 'runstream';

const ROW_MS = 50;

/** Imports files. Each import is a run, whose events this class appends itself. */
@Injectable()
export class ImportsService {
  private readonly logger = new Logger('Imports');

  constructor(private readonly runs: Runstream) {}

  /** Gives the run's id at once, and works on it in the background. */
  async start(file: string, rows: number): Promise<string> {
    const { id } = await this.runs.start({ task: `import ${file}`, key: file });
    void this.work(id, rows).catch((error: unknown) => this.logger.error(error));
    void this.report(id).catch((error: unknown) => this.logger.error(error));
    return id;
  }

  private async work(id: string, rows: number): Promise<void> {
    try {
      for (let row = 1; row <= rows; row++) {
        await delay(ROW_MS);
        await this.runs.append(id, { type: 'import.row', data: { row, of: rows } });
      }
      await this.runs.append(id, { type: 'lifecycle.completed', data: { result: { rows } } });
    } catch (error) {
      // Somebody has cancelled it, and nobody wants the rest.
      if (error instanceof RunEndedError) return;
      await this.runs.append(id, { type: 'lifecycle.failed', data: { error: 'The import broke off.' } });
      throw error;
    }
  }

  /** Follows a run from its first event to its end, here as well as in any other process of the application. */
  private async report(id: string): Promise<void> {
    for await (const update of this.runs.watch(id, { types: ['import.row'] })) {
      if (update.kind === 'event') this.logger.log(`${id}: row ${update.event.data.row}`);
      if (update.kind === 'ended') this.logger.log(`${id}: ${update.status}`);
    }
  }
}
