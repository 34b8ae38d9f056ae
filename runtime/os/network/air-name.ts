// One question of an app for a granted name. Never an address that the firewall did not let through.

import type { AppErrorCode } from '../../../contracts/wire/app-call.ts';
import type { IpBytes } from '../../../contracts/core/ip-address.ts';
import type { RadioFrame } from '../../../contracts/wire/radio-link.ts';
import { RadioLinkError } from '../../../contracts/wire/radio-link.ts';
import type { NameLookup, OnChange, PortResult } from '../../../host-apis/ports.ts';
import type { AirEnd, AirLine } from './air-link.ts';
import { Changes } from './changes.ts';
import { DENIED, done, failed, REFUSED_AS, WOULD_BLOCK } from './port-results.ts';

export interface AirNameParts {
  /** The firewall learns the answer; what of it the app may have. */
  readonly learn: (addresses: readonly IpBytes[]) => readonly string[];
  readonly onGone: () => void;
}

export class AirName implements NameLookup, AirEnd {
  readonly #parts: AirNameParts;
  readonly #changes = new Changes();
  #line: AirLine | undefined;
  #answer: PortResult<readonly string[]> = WOULD_BLOCK;

  constructor(parts: AirNameParts) {
    this.#parts = parts;
  }

  start(line: AirLine): void {
    this.#line = line;
  }

  readonly onChange: OnChange = (listener) => this.#changes.on(listener);

  addresses(): PortResult<readonly string[]> {
    return this.#answer;
  }

  close(): void {
    const line = this.#line;
    line?.send({ kind: 'closed', stream: line.stream, how: 'finished' });
    this.#gone();
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
    this.#gone();
    this.#changes.tell();
  }

  #gone(): void {
    if (this.#line === undefined) return;
    this.#line.forget();
    this.#line = undefined;
    this.#parts.onGone();
  }
}
