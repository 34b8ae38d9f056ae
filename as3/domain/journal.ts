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
/** Longer text is cut, so that no device can fill the memory. */
const TEXT_MAX_CHARACTERS = 500;

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
    const entry: JournalEntry = { at, ...rest, text: text.slice(0, TEXT_MAX_CHARACTERS) };
    this.#entries.push(entry);
    if (this.#entries.length > JOURNAL_KEPT) this.#entries.shift();
    for (const listener of [...this.#listeners]) listener(entry);
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
