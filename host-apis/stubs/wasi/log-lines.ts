// What a guest writes to stdout and stderr, as lines of the app's log. Never more in hand than the longest line.

import { LOG_LINE_MAX_BYTES } from '../../../contracts/core/limits.ts';
import { concatBytes } from '../../../contracts/core/bytes.ts';
import type { Later } from '../../../contracts/core/later.ts';
import { after } from '../../../contracts/core/later.ts';
import type { BrokerClient } from '../broker-pipe.ts';
import type { OutputStream } from './io.ts';
import { ALWAYS_READY } from './io.ts';
import { until } from './later-loops.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** One of the two; all streams that a guest gets of it write to the same line. */
export class LogLines implements OutputStream {
  readonly #broker: BrokerClient;
  #line: Uint8Array = new Uint8Array(0);

  constructor(broker: BrokerClient) {
    this.#broker = broker;
  }

  checkWrite(): number {
    return LOG_LINE_MAX_BYTES;
  }

  /** Each line feed ends a line; so does the length that the log keeps of one. */
  write(bytes: Uint8Array): Later<undefined> {
    let rest = bytes;
    const done = until((): Later<true | undefined> => {
      if (rest.length === 0) return true;
      const room = LOG_LINE_MAX_BYTES - this.#line.length;
      const end = rest.subarray(0, room + 1).indexOf(LINE_FEED);
      const isWhole = end !== -1 || rest.length > room;
      const count = end === -1 ? Math.min(rest.length, room) : end;
      this.#line = concatBytes(this.#line, rest.subarray(0, count));
      rest = rest.subarray(end === -1 ? count : count + 1);
      return isWhole ? after(this.#send(), () => undefined) : undefined;
    });
    return after(done, () => undefined);
  }

  /** A line that has not ended stays in hand: a library that flushes every word would make a line of each. */
  flush = () => undefined;
  subscribe = () => ALWAYS_READY;

  /** The app ends: what is left is a line. */
  finish(): Later<void> {
    return this.#line.length === 0 ? undefined : this.#send();
  }

  #send(): Later<void> {
    const line = this.#line.at(-1) === CARRIAGE_RETURN ? this.#line.subarray(0, -1) : this.#line;
    this.#line = new Uint8Array(0);
    // Bytes that are no UTF-8 are marked as such, one by one, as terminals do.
    const message = new TextDecoder().decode(line);
    return after(this.#broker.call({ function: 'log.write', message }, 'none'), () => undefined);
  }
}
