// How much one app may write to the log, per second. Never slows the device or the app down: what is over is dropped and counted.

import { LOG_LINE_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { TimePort } from '../ports.ts';
import type { BudgetLine } from './app-budget.ts';

export interface LogAllowance {
  readonly lines: number;
  /** Bytes of UTF-8, after a long line was cut. */
  readonly bytes: number;
  readonly windowNs: bigint;
}

/** Room for a burst at start-up; a loop that does nothing but log gets 16 KiB a second through. */
export const LOG_ALLOWANCE: LogAllowance = { lines: 100, bytes: 16 * 1024, windowNs: 1_000_000_000n };

/** Stands at the end of a line that was cut. */
export const CUT_MARK = ' [cut]';

const encoder = new TextEncoder();

/** The message as it may be written: at most `LOG_LINE_MAX_BYTES` bytes of UTF-8, a cut one marked. */
export function cutLogLine(message: string): string {
  // A UTF-16 unit is at least one byte: what is far too long need not be encoded to be known as such.
  const shortened = message.length > LOG_LINE_MAX_BYTES ? message.slice(0, LOG_LINE_MAX_BYTES) : message;
  const bytes = encoder.encode(shortened);
  if (bytes.length <= LOG_LINE_MAX_BYTES && shortened.length === message.length) return message;
  let end = LOG_LINE_MAX_BYTES - encoder.encode(CUT_MARK).length;
  // Not inside a character: a continuation byte is 10xxxxxx (RFC 3629 section 3).
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end)) + CUT_MARK;
}

/** Windows start with the first line after the last window's end. At most one `onExceeded` per window, when it closes. */
export class LogBudget {
  readonly #time: TimePort;
  readonly #allowance: LogAllowance;
  readonly #line: BudgetLine;
  readonly #onExceeded: (limit: 'log-lines' | 'log-bytes', used: number, allowed: number) => void;
  #windowEndsNs = 0n;
  #lines = 0;
  #bytes = 0;
  #cancelReport: (() => void) | undefined;

  /** `line` is told the bytes of this window that went out. */
  constructor(
    time: TimePort,
    allowance: LogAllowance,
    line: BudgetLine,
    onExceeded: (limit: 'log-lines' | 'log-bytes', used: number, allowed: number) => void,
  ) {
    this.#time = time;
    this.#allowance = allowance;
    this.#line = line;
    this.#onExceeded = onExceeded;
  }

  /** The line to write, or `undefined` when this window is used up. */
  admit(message: string): string | undefined {
    const nowNs = this.#time.nowNs();
    if (nowNs >= this.#windowEndsNs) this.#openWindow(nowNs);
    const line = cutLogLine(message);
    this.#lines++;
    this.#bytes += encoder.encode(line).length;
    if (this.#lines <= this.#allowance.lines && this.#bytes <= this.#allowance.bytes) {
      this.#line.now(this.#bytes);
      return line;
    }
    this.#cancelReport ??= this.#time.at(this.#windowEndsNs, () => this.close());
    return undefined;
  }

  /** Reports what was dropped so far, when the window or the app ends. */
  close(): void {
    if (this.#cancelReport === undefined) return;
    this.#cancelReport();
    this.#cancelReport = undefined;
    const { lines, bytes } = this.#allowance;
    if (this.#lines > lines) this.#onExceeded('log-lines', this.#lines, lines);
    else this.#onExceeded('log-bytes', this.#bytes, bytes);
    this.#windowEndsNs = 0n;
  }

  #openWindow(nowNs: bigint): void {
    this.close();
    this.#windowEndsNs = nowNs + this.#allowance.windowNs;
    this.#lines = 0;
    this.#bytes = 0;
    this.#line.now(0);
  }
}
