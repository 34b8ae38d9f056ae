// The events that the service does not have yet: equal ones counted as one, few enough for one report. Never lets one component push
// another's out, never changes an event that may already have been sent.

import { bytesToHex, parseComponentId } from '../../../contracts/core/ids.ts';
import type { ReportEvent } from '../../../contracts/wire/failure-report.ts';
import { REPORT_EVENT_ID_BYTES, REPORT_MAX_EVENTS, REPORT_TEXT_MAX } from '../../../contracts/wire/failure-report.ts';
import type { ReportSink } from './report-sink.ts';

/** What happened, without a count. */
export type ReportedEvent = Parameters<ReportSink['add']>[0];

/** The trusted time at a moment of device time; while it is not set, `seconds` are the floor. */
export interface TimeMark {
  readonly nowNs: bigint;
  readonly isSet: boolean;
  readonly seconds: number;
}

/** Before the trusted time is known a moment is known by device time alone. */
type Moment = { readonly seconds: number } | { readonly atNs: bigint };

interface Queued extends ReportedEvent {
  readonly id: Uint8Array;
  count: number;
  start: Moment;
  end: Moment;
  /** It was sent, or came from flash: the service may have this id with this count, and more of the same needs an id of its own. */
  isSealed: boolean;
}

const COUNT_MAX = 0xffff_ffff;
const SECOND_NS = 1_000_000_000n;

export class ReportQueue {
  readonly #random: (count: number) => Uint8Array;
  /** Oldest first. */
  #events: Queued[] = [];

  constructor(random: (count: number) => Uint8Array) {
    this.#random = random;
  }

  get size(): number {
    return this.#events.length;
  }

  add(event: ReportedEvent, nowNs: bigint): void {
    const told = asTold(event);
    const same = this.#events.find((queued) => !queued.isSealed && isSame(queued, told));
    if (same !== undefined) {
      same.count = Math.min(same.count + 1, COUNT_MAX);
      same.end = { atNs: nowNs };
      return;
    }
    const moment = { atNs: nowNs };
    const id = this.#random(REPORT_EVENT_ID_BYTES);
    this.#events.push({ ...told, id, count: 1, start: moment, end: moment, isSealed: false });
    if (this.#events.length > REPORT_MAX_EVENTS) this.#makeRoom();
  }

  /** What an earlier boot kept: older than all that happened since. */
  restore(events: readonly ReportEvent[]): void {
    const restored = events.map(({ startSeconds, endSeconds, ...event }): Queued => {
      return { ...event, start: { seconds: startSeconds }, end: { seconds: endSeconds }, isSealed: true };
    });
    this.#events = [...restored, ...this.#events];
    while (this.#events.length > REPORT_MAX_EVENTS) this.#makeRoom();
  }

  /** All of them, with their times as far as they are known. Nothing changes. */
  list(mark: TimeMark): readonly ReportEvent[] {
    return this.#events.map((queued) => asEvent(queued, mark));
  }

  /** The oldest `most`, as they are about to be sent: from now on they stay as they are. */
  seal(most: number, mark: TimeMark): readonly ReportEvent[] {
    const sealed = this.#events.slice(0, most);
    for (const queued of sealed) {
      queued.isSealed = true;
      queued.start = { seconds: secondsOf(queued.start, mark) };
      queued.end = { seconds: secondsOf(queued.end, mark) };
    }
    return sealed.map((queued) => asEvent(queued, mark));
  }

  remove(events: readonly Pick<ReportEvent, 'id'>[]): void {
    const gone = new Set(events.map(({ id }) => bytesToHex(id)));
    this.#events = this.#events.filter(({ id }) => !gone.has(bytesToHex(id)));
  }

  /** The component with the most events loses its oldest: whoever fails in a hundred ways hides nobody else's failure. */
  #makeRoom(): void {
    const counts = new Map<string, number>();
    for (const { componentId } of this.#events) counts.set(componentId, (counts.get(componentId) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const index = this.#events.findIndex(({ componentId }) => counts.get(componentId) === most);
    this.#events.splice(index, 1);
  }
}

/** In the form that a report may have: whatever a service of the OS, or an app's trap, says. */
function asTold({ category, componentId, imageId, detail }: ReportedEvent): ReportedEvent {
  const id = (text: string): string => parseComponentId(text) ?? '';
  const printable = detail.slice(0, REPORT_TEXT_MAX).replaceAll(/[^\x20-\x7e]/g, '?');
  return { category, componentId: id(componentId), imageId: id(imageId), detail: printable };
}

function isSame(a: ReportedEvent, b: ReportedEvent): boolean {
  return (
    a.category === b.category && a.componentId === b.componentId && a.imageId === b.imageId && a.detail === b.detail
  );
}

function asEvent(
  { id, category, componentId, imageId, detail, count, start, end }: Queued,
  mark: TimeMark,
): ReportEvent {
  const startSeconds = secondsOf(start, mark);
  // The trusted time may have been set between the two; an end before its start would be no report.
  const endSeconds = Math.max(startSeconds, secondsOf(end, mark));
  return { id, category, componentId, imageId, detail, count, startSeconds, endSeconds };
}

function secondsOf(moment: Moment, { nowNs, isSet, seconds }: TimeMark): number {
  if ('seconds' in moment) return moment.seconds;
  // The floor alone says: not before. That is all that is known of it, if power fails before the service tells the time.
  return isSet ? Math.max(0, seconds - Number((nowNs - moment.atNs) / SECOND_NS)) : seconds;
}
