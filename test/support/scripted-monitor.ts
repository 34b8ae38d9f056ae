// A monitor that launches nothing: it hands out contexts, refuses what a test says, and tells ends when a test says. Never more.

import type { ComponentId } from '../../contracts/core/ids.ts';
import type { CompartmentPipe } from '../../runtime/os/compartment-pipes.ts';
import type { RequestOf, SecureCalls } from '../../runtime/os/secure-calls.ts';
import { SecureCallRefused } from '../../runtime/os/secure-calls.ts';
import type { SecureRequest, SecureResults } from '../../runtime/monitor/abi/codec.ts';
import type { AppEnded, ViolationFacts } from '../../runtime/monitor/abi/records.ts';
import type { SecureCall, SecureCallError } from '../../runtime/monitor/abi/secure-call.ts';

const SIGKILL = 9;
type How = AppEnded['how'];

export class ScriptedMonitor implements SecureCalls {
  /** Every request, in order. */
  readonly requests: SecureRequest[] = [];
  readonly violations: ViolationFacts[] = [];
  readonly #running = new Map<number, ComponentId>();
  /** Set by who listens to the events. */
  onEnded: (ended: AppEnded) => void = () => undefined;
  /** The next launches are refused with these codes, one each. */
  readonly launchRefusals: SecureCallError[] = [];
  /** Tells the end of an app in the same breath as the answer to its launch. */
  endsAtOnce: How | undefined;

  async call<Call extends SecureCall>(request: RequestOf<Call>): Promise<SecureResults[Call]> {
    this.requests.push(request);
    const result: unknown = this.#answer(request);
    return result as SecureResults[Call];
  }

  /** The process in this context ends. */
  end(context: number, how: How, lastWords = ''): void {
    this.#running.delete(context);
    this.onEnded({ context, how, lastWords });
  }

  /** Requests of one kind so far. */
  count(call: SecureCall): number {
    return this.requests.filter((request) => request.call === call).length;
  }

  #answer(request: SecureRequest): unknown {
    switch (request.call) {
      case 'launch':
        return this.#launch(request.componentId);
      case 'stop':
        if (!this.#running.has(request.context)) throw new SecureCallRefused('context-not-running', '');
        return this.end(request.context, { kind: 'signal', signal: SIGKILL });
      case 'violations':
        return { total: this.violations.length, records: this.violations.slice(request.first) };
      default:
        throw new SecureCallRefused('call-unknown', request.call);
    }
  }

  #launch(componentId: ComponentId): SecureResults['launch'] {
    const refusal = this.launchRefusals.shift();
    if (refusal !== undefined) throw new SecureCallRefused(refusal, '');
    const context = [1, 2, 3, 4, 5, 6, 7].find((candidate) => !this.#running.has(candidate));
    if (context === undefined) throw new SecureCallRefused('no-free-context', '');
    this.#running.set(context, componentId);
    // Before the caller has seen the answer, as two frames in one chunk.
    if (this.endsAtOnce !== undefined) this.end(context, this.endsAtOnce);
    return { context, memoryBytes: 65536, placement: 'process' };
  }
}

/** The OS's end of a pipe whose other end is the test. */
export class NotedPipe implements CompartmentPipe {
  readonly sent: Uint8Array[] = [];
  #listener: ((bytes: Uint8Array) => void) | undefined;

  send(bytes: Uint8Array): boolean {
    this.sent.push(bytes);
    return true;
  }
  onBytes(listener: ((bytes: Uint8Array) => void) | undefined): void {
    this.#listener = listener;
  }
  reset(): void {
    this.sent.length = 0;
  }

  /** Whether bytes of the app reach somebody. */
  get isHeard(): boolean {
    return this.#listener !== undefined;
  }

  /** Bytes of the app. */
  feed(bytes: Uint8Array): void {
    this.#listener?.(bytes);
  }
}
