// What happened in the service, for the people who watch it: the newest entries, in memory. Never a record to decide by, and
// never a secret: what is written here is shown.

export type JournalKind =
  | 'device-endorsed'
  | 'device-claimed'
  | 'device-attested'
  | 'device-refused'
  | 'image-added'
  | 'image-refused'
  | 'deployment-created'
  | 'update-served'
  | 'report-received';

export interface JournalEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly kind: JournalKind;
  /** GUID of the catalog, where there is one. */
  readonly catalogId: string | null;
  /** 128 hex digits, where a device had a part in it. */
  readonly deviceId: string | null;
  /** Why it was refused: a code of the service's own. */
  readonly code: string | null;
  /** For people. It can hold words of devices and images: whoever shows it shows it as text. */
  readonly text: string;
}

export interface Journal {
  /** Never fails and never waits: what is recorded has happened already. */
  record(entry: Omit<JournalEntry, 'at'>): void;
}

/** Entries that are kept: enough to see what a fleet at a bench did, not an archive. */
export const JOURNAL_KEPT = 500;
/** Of these at most so many refusals of devices: whoever reaches the device listener can make one with every request. */
export const JOURNAL_REFUSED_KEPT = 200;
/** Longer text is cut, so that no device can fill the memory. */
const TEXT_MAX_CHARACTERS = 500;
/** Control characters but for the end of a line, halves of characters, and what turns the direction of reading: no word of an image or device needs them. */
const UNSHOWN = /(?!\n)[\p{Cc}\p{Cs}\p{Bidi_Control}]/gu;

/** A journal that can be read and followed. */
export class JournalFeed implements Journal {
  readonly #clock: { nowMs(): number };
  readonly #entries: JournalEntry[] = [];
  readonly #listeners = new Set<(entry: JournalEntry) => void>();

  constructor(clock: { nowMs(): number }) {
    this.#clock = clock;
  }

  record({ text, ...rest }: Omit<JournalEntry, 'at'>): void {
    const at = new Date(this.#clock.nowMs()).toISOString();
    const entry: JournalEntry = { at, ...rest, text: shown(text) };
    this.#entries.push(entry);
    if (this.#refusals > JOURNAL_REFUSED_KEPT) this.#entries.splice(this.#entries.findIndex(isRefusal), 1);
    else if (this.#entries.length > JOURNAL_KEPT) this.#entries.shift();
    for (const listener of [...this.#listeners]) listener(entry);
  }

  get #refusals(): number {
    return this.#entries.filter(isRefusal).length;
  }

  /** Oldest first, at most `JOURNAL_KEPT`. */
  recent(): readonly JournalEntry[] {
    return [...this.#entries];
  }

  /** Calls `listener` with each entry from now on; the answer ends that. A listener does not throw. */
  onEntry(listener: (entry: JournalEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

function shown(text: string): string {
  return text.slice(0, TEXT_MAX_CHARACTERS).replace(UNSHOWN, '?');
}

function isRefusal({ kind }: JournalEntry): boolean {
  return kind === 'device-refused';
}
