import type { Writable } from 'node:stream';
import { jsonLine, withoutColours } from './render/clean.js';
import { Shown } from './render/shown.js';

export interface OutputOptions {
  stdout: Writable;
  stderr: Writable;
  /** Whether what is printed may have colours. */
  colours: { stdout: boolean; stderr: boolean };
  /** JSON for programs instead of text for people. */
  isJson: boolean;
}

/** Stdout has what was asked for, stderr what this program has to say about it. */
export class Output {
  constructor(private readonly options: OutputOptions) {}

  get isJson(): boolean {
    return this.options.isJson;
  }

  /** Resolves when the stream has it, so that no more is held than it takes. */
  write({ text }: Shown): Promise<void> {
    const { stdout, colours } = this.options;
    return written(stdout, colours.stdout ? text : withoutColours(text));
  }

  async line(...lines: Shown[]): Promise<void> {
    for (const line of lines) await this.write(Shown.join([line, Shown.empty], '\n'));
  }

  /** One value on one line. */
  json(value: unknown): Promise<void> {
    return written(this.options.stdout, `${jsonLine(value)}\n`);
  }

  /** A value for programs, lines for people. */
  either(value: unknown, lines: () => readonly Shown[]): Promise<void> {
    return this.isJson ? this.json(value) : this.line(...lines());
  }

  /** A remark, on stderr. */
  note({ text }: Shown): Promise<void> {
    const { stderr, colours } = this.options;
    return written(stderr, `${colours.stderr ? text : withoutColours(text)}\n`);
  }
}

function written(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    // What fails is told by the stream's own event.
    stream.write(text, () => resolve());
  });
}
