// The boot console: one JSON line on standard output per step, for whoever powered the device on. The device never reads it.

import { bytesToHex } from '../../contracts/core/ids.ts';
import type { BootStep, ResetCause } from '../hil/chip.ts';
import type { Clock } from '../hil/clock.ts';

/** Lines: {"boot":STAGE,"ok":true,"digest":HEX,"ms":N} · {"boot":STAGE,"ok":false,"code","message","ms"} · {"ready":true,"ms"} · {"reset":WHY,"detail","ms"}. */
export interface BootConsole {
  step(step: BootStep): void;
  ready(): void;
  reset(cause: ResetCause): void;
}

/** `ms`: milliseconds since power-on. */
export function jsonConsole(clock: Clock, write: (line: string) => void): BootConsole {
  const print = (facts: Readonly<Record<string, unknown>>): void => {
    write(`${JSON.stringify({ ...facts, ms: Number(clock.nowNs() / 1000n) / 1000 })}\n`);
  };
  return {
    step: (step) =>
      print(
        step.ok
          ? { boot: step.stage, ok: true, digest: bytesToHex(step.digest) }
          : { boot: step.stage, ok: false, code: step.code, message: step.detail },
      ),
    ready: () => print({ ready: true }),
    reset: ({ why, detail }) => print({ reset: why, detail }),
  };
}
