// What goes out on the device link, in order: replies that are waited for, events that are not. Never more events in memory than
// its bound: a host that does not read loses events, and the device goes on.

import type { DeviceEvent, LinkReply } from '../../../contracts/wire/device-link.ts';
import { LinkError, encodeLinkFrame } from '../../../contracts/wire/device-link.ts';
import type { ServiceUartDriver } from './service-uart.ts';

/** Events that wait for the cable. */
export const EVENTS_WAITING_MAX = 256;

interface Outgoing {
  readonly frame: Uint8Array;
  readonly cable: number;
  readonly isEvent: boolean;
  readonly sent: () => void;
}

export class LinkOutbox {
  readonly #uart: ServiceUartDriver;
  readonly #waiting: Outgoing[] = [];
  #eventsWaiting = 0;
  #eventsLost = 0;
  #isSending = false;
  /** The cable whose host asked for events. */
  #subscribedCable: number | undefined;

  constructor(uart: ServiceUartDriver) {
    this.#uart = uart;
  }

  /** Something is on its way to the cable. */
  get isSending(): boolean {
    return this.#isSending;
  }

  /** For a burst of events without losing one. */
  get hasRoom(): boolean {
    return this.#eventsWaiting < EVENTS_WAITING_MAX / 2;
  }

  /** From now on events go to the host at this cable, until another one comes. */
  subscribe(cable: number): void {
    this.#subscribedCable = cable;
    this.#eventsLost = 0;
  }

  /** Resolves when it is with the silicon, or its host is gone. Too large a result is answered as `link-frame-too-large`. */
  reply(reply: LinkReply, cable: number): Promise<void> {
    return new Promise((resolve) => this.#put({ frame: encodeReply(reply), cable, isEvent: false, sent: resolve }));
  }

  /** Never waits, never fails. `event` is told to the subscriber, if there is one. */
  event(event: DeviceEvent): void {
    const cable = this.#subscribedCable;
    if (cable === undefined || cable !== this.#uart.cable) return;
    if (this.#eventsWaiting >= EVENTS_WAITING_MAX) {
      this.#eventsLost++;
      return;
    }
    if (this.#eventsLost > 0) this.#putEvent(this.#lostEvents(event.t), cable);
    this.#putEvent(event, cable);
  }

  /** How many were lost, as an event of its own in their place. */
  #lostEvents(t: number): DeviceEvent {
    const used = EVENTS_WAITING_MAX + this.#eventsLost;
    this.#eventsLost = 0;
    return { t, kind: 'limit', app: '', componentId: '', limit: 'link-events', used, allowed: EVENTS_WAITING_MAX };
  }

  #putEvent(event: DeviceEvent, cable: number): void {
    this.#eventsWaiting++;
    this.#put({ frame: encodeLinkFrame({ event }), cable, isEvent: true, sent: () => undefined });
  }

  #put(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    if (!this.#isSending) void this.#sendAll();
  }

  /** A UART that cannot be written to ends the OS, as an unhandled rejection: nobody could be told. */
  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#uart.write(next.frame, next.cable);
      if (next.isEvent) this.#eventsWaiting--;
      next.sent();
    }
    this.#isSending = false;
  }
}

function encodeReply(reply: LinkReply): Uint8Array {
  try {
    return encodeLinkFrame(reply);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    return encodeLinkFrame({ id: reply.id, ok: false, error: { code: error.code, message: error.message } });
  }
}
