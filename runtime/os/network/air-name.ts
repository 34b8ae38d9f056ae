// One question of an app for a granted name. Never an address that the firewall did not let through.

import type { AppErrorCode } from '../../../contracts/wire/app-call.ts';
import type { IpBytes } from '../../../contracts/core/ip-address.ts';
import type { RadioFrame } from '../../../contracts/wire/radio-link.ts';
import { RadioLinkError } from '../../../contracts/wire/radio-link.ts';
import type { NameLookup, OnChange, PortResult } from '../../../host-apis/ports.ts';
import type { AirEnd, AirLine } from './air-link.ts';
import { Changes } from './changes.ts';
import { HeldLine } from './held-line.ts';
import { DENIED, done, failed, REFUSED_AS, WOULD_BLOCK } from './port-results.ts';

export interface AirNameParts {
  /** The firewall learns the answer; what of it the app may have. */
  readonly learn: (addresses: readonly IpBytes[]) => readonly string[];
  readonly onGone: () => void;
}

export class AirName implements NameLookup, AirEnd {
  readonly #parts: AirNameParts;
  readonly #changes = new Changes();
  readonly #line: HeldLine;
  #answer: PortResult<readonly string[]> = WOULD_BLOCK;

  constructor(parts: AirNameParts) {
    this.#parts = parts;
    this.#line = new HeldLine(parts.onGone);
  }

  start(line: AirLine): void {
    this.#line.hold(line);
  }

  readonly onChange: OnChange = (listener) => this.#changes.on(listener);

  addresses(): PortResult<readonly string[]> {
    return this.#answer;
  }

  close(): void {
    this.#line.finish();
  }

  fromOutside(frame: RadioFrame): void {
    if (frame.kind === 'refused') return this.#fail(REFUSED_AS[frame.why]);
    if (frame.kind !== 'addresses') throw new RadioLinkError('radio-out-of-order', `${frame.kind} for a lookup`);
    const addresses = this.#parts.learn(frame.addresses);
    this.#settle(addresses.length === 0 ? DENIED : done(addresses));
  }

  lost(): void {
    this.#fail('unreachable');
  }

  #fail(error: AppErrorCode): void {
    this.#settle(failed(error));
  }

  #settle(answer: PortResult<readonly string[]>): void {
    this.#answer = answer;
    this.#line.release();
    this.#changes.tell();
  }
}
