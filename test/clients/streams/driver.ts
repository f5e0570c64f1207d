/** One message, as a client gave it to its user. */
export interface Heard {
  /** The event's name; `message` where the frame had none. */
  name: string;
  id: string;
  data: string;
}

/** What is to be followed. */
export interface Wanted {
  /** Of the stream, with its query. */
  url: string;
  /** Names to listen for. Control frames' and `message` are listened for anyway. */
  names: readonly string[];
  onHeard: (heard: Heard) => void;
}

export interface Following {
  /** Resolves once the client asks for nothing more: by itself, or since its user was told to close it. */
  stopped: Promise<void>;
  close: () => void | Promise<void>;
}

/** A client that others wrote, unmodified, and used as docs/clients.md says. */
export interface Driver {
  /** With its version. */
  name: string;
  open: (wanted: Wanted) => Following;
  /** What its user takes where a proxy answers 502, if that closes it for good. */
  reopening?: Driver;
}

export const CONTROL_FRAMES = ['cursor', 'gap', 'provisional', 'close'];
