import { Logger } from '@nestjs/common';
import { errorText, valueText } from '../common/index.js';
import type { EventStore, RunRecord, RunWatcher } from '../event-store/index.js';
import {
  type EmitArguments,
  type EmitOptions,
  type EventType,
  type JsonObject,
  type JsonObjectInput,
  type RecordedEvent,
  type RunContext,
  type TypesOf,
} from '../events/index.js';
import {
  type RunAbortedError,
  type RunExecution,
  toEmittedEvent,
  type WaitForOptions,
} from '../executors/index.js';
import { RunInbox } from './run-inbox.js';
import type { RunWriter } from './run-writer.js';

/** A wait of this length is told to who looks at the run. */
const TOLD_AFTER_MS = 500;
/** Characters of the types that are waited for. */
const MAX_SHOWN = 255;

/** What an executor is given: the run as it was taken up, and the way to append to it. */
export class RunningExecution implements RunExecution {
  readonly id: string;
  readonly tenantId: string;
  readonly task: string;
  readonly key: string | undefined;
  readonly input: JsonObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly context: RunContext;
  readonly attempt: number;
  private readonly logger = new Logger('Executors');
  private readonly aborting = new AbortController();
  private readonly inboxes = new Map<string, RunInbox>();
  private readonly waits: string[] = [];
  private told = '';

  constructor(
    run: RunRecord,
    readonly fence: number,
    private readonly writer: RunWriter,
    private readonly store: EventStore,
    private readonly watcher: RunWatcher,
    /** Called when others are to know what it waits for by now. */
    private readonly onWaits: () => void,
  ) {
    this.id = run.id;
    this.tenantId = run.tenantId;
    this.task = run.task;
    this.key = run.key;
    this.input = run.input;
    this.labels = run.labels;
    this.context = run.context;
    this.attempt = run.attempt;
  }

  /** The event types that it waits for, separated by commas. */
  get waitingFor(): string {
    return [...new Set(this.waits)].join(',').slice(0, MAX_SHOWN);
  }

  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  /** The first reason counts. */
  abort(error: RunAbortedError): void {
    this.aborting.abort(error);
  }

  emit<Type extends EventType>(type: Type, ...rest: EmitArguments<Type>): Promise<string | undefined> {
    return this.emitUntyped(type, ...rest);
  }

  emitUntyped(type: string, data: JsonObjectInput = {}, more: EmitOptions = {}): Promise<string | undefined> {
    const stored = this.append(type, data, more);
    // An executor that does not await its events must not bring the whole process down with one of them.
    stored.catch((error: unknown) => {
      this.logger.warn(
        `Run ${this.id}: an event of type ${valueText(type)} was refused: ${errorText(error)}`,
      );
    });
    return stored;
  }

  waitFor<Filter extends string>(
    type: Filter,
    options?: WaitForOptions<TypesOf<Filter>>,
  ): Promise<RecordedEvent<TypesOf<Filter>>>;
  async waitFor(type: string, options: WaitForOptions = {}): Promise<RecordedEvent> {
    let inbox = this.inboxes.get(type);
    if (!inbox) {
      const filter = this.store.types.parseFilter(type) ?? (() => true);
      const isOwn = (event: RecordedEvent) => this.writer.isOwn(event);
      this.inboxes.set(type, (inbox = new RunInbox(this.watcher, this, filter, isOwn, this.signal)));
    }
    return this.waiting(type, inbox.take(type, options));
  }

  /** Only what takes long is told: most waits are over before anybody could ask. */
  private async waiting<T>(type: string, wait: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.tellWaits();
    }, TOLD_AFTER_MS);
    this.waits.push(type);
    try {
      return await wait;
    } finally {
      clearTimeout(timer);
      this.waits.splice(this.waits.indexOf(type), 1);
      if (this.told !== '') this.tellWaits();
    }
  }

  /** Once for any number of waits for the same. */
  private tellWaits(): void {
    const { waitingFor } = this;
    if (waitingFor === this.told) return;
    this.told = waitingFor;
    this.onWaits();
  }

  private async append(type: string, data: JsonObjectInput, more: EmitOptions): Promise<string | undefined> {
    return this.writer.write(toEmittedEvent({ ...more, type, data }));
  }
}
