// Cuts a chip's power in the middle of a write to its flash or counter: half of the bytes arrive. Never more than one fault at a time.

import type { Medium } from '../../runtime/hil/medium.ts';
import { COUNTER_BYTES } from '../../runtime/soc/die-counter.ts';

export class PowerSwitch {
  /** Writes until the cut; undefined: no cut. */
  writesLeft: number | undefined;
  writes = 0;
  /** At the counter's next write: the power goes, it does not move, or it moves and says that it did not. */
  atCounter: 'cut' | 'refuse' | 'complain' | undefined;
  onRefusal: () => void = () => undefined;

  mend(): void {
    this.writesLeft = undefined;
    this.atCounter = undefined;
  }

  wrap = (medium: Medium): Medium => ({
    sizeBytes: medium.sizeBytes,
    read: (offset, length) => medium.read(offset, length),
    write: (offset, bytes) => {
      this.writes += 1;
      if (this.atCounter !== undefined && medium.sizeBytes === COUNTER_BYTES) {
        if (this.atCounter === 'cut') this.writesLeft = -1;
        if (this.atCounter === 'complain') medium.write(offset, bytes);
        this.onRefusal();
        throw new Error('the counter failed');
      }
      if (this.writesLeft === undefined) return medium.write(offset, bytes);
      if (this.writesLeft < 0) throw new Error('no power');
      this.writesLeft -= 1;
      if (this.writesLeft >= 0) return medium.write(offset, bytes);
      // The counter is a cell array with its own capacitor: it counts or it does not. The flash stops anywhere.
      if (bytes.length > 8) medium.write(offset, bytes.subarray(0, bytes.length >> 1));
      throw new Error('power cut');
    },
  });
}
