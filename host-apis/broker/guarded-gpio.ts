// The GPIO calls of one app behind the grant check. Never a bus access before the check, never a pin with two owners.

import type { AppErrorCode, AppReply } from '../../contracts/wire/app-call.ts';
import type { GpioRequest } from '../../contracts/wire/app-call/gpio-calls.ts';
import type { GpioOutputMode, GpioPort, PortResult } from '../ports.ts';
import type { AreaParts, GuardedArea, SessionEnd } from './guarded-area.ts';
import type { PinOwners } from './pin-owners.ts';
import { DONE, refuse, u32 } from './replies.ts';

/** In the order of `output-mode` in device.wit. */
const OUTPUT_MODES: readonly GpioOutputMode[] = ['push-pull', 'open-drain', 'open-source'];

type PinKind = 'gpio-input' | 'gpio-output';
interface AskedPin {
  readonly kind: PinKind;
  readonly pin: number;
}

export interface GuardedGpioServices {
  readonly port: GpioPort;
  readonly owners: PinOwners;
}

/** One app's pins. */
export class GuardedGpio implements GuardedArea<GpioRequest> {
  readonly #parts: AreaParts & GuardedGpioServices;
  readonly #context: number;
  #end: SessionEnd | undefined;

  constructor(parts: AreaParts, services: GuardedGpioServices) {
    this.#parts = { ...parts, ...services };
    this.#context = parts.app.context;
  }

  async call(request: GpioRequest): Promise<AppReply> {
    switch (request.function) {
      case 'gpio.open-input':
        return this.#open(request.function, { kind: 'gpio-input', pin: request.pin }, (context, pin) =>
          this.#parts.port.openInput(context, pin),
        );
      case 'gpio.open-output': {
        const { mode, level } = request;
        const open = (context: number, pin: number): Promise<PortResult<void>> =>
          this.#openOutput(context, pin, mode, level);
        return this.#open(request.function, { kind: 'gpio-output', pin: request.pin }, open);
      }
      case 'gpio.get':
        return this.#get(request.handle);
      case 'gpio.set':
        return this.#set(request.handle, request.level);
    }
  }

  sessionIsOver(end: SessionEnd): void {
    this.#end = end;
  }

  /**
   * Lets the pin float, then frees it: in this order, so that a late write never reaches the next owner's pin. After the
   * app's end its context has no firewall rows any more: an access in it would only be a violation.
   */
  async #close(pin: number): Promise<void> {
    if (this.#end !== 'ended') await this.#parts.port.close(this.#context, pin);
    this.#parts.owners.release(pin, this);
  }

  async #open(
    name: GpioRequest['function'],
    holding: AskedPin,
    open: (context: number, pin: number) => Promise<PortResult<void>>,
  ): Promise<AppReply> {
    const { gate, handles, owners } = this.#parts;
    // The grant comes first: an app learns nothing about pins that it was not given, not even whether they exist.
    const denied = gate.ask(name, { kind: 'gpio', pin: holding.pin });
    if (denied !== undefined) return denied;
    if (!handles.reserve()) return gate.handlesUsedUp();
    const opened = owners.claim(holding.pin, this) ? await open(this.#context, holding.pin) : BUSY;
    // For an app that ended meanwhile too: its session waits for this answer, and then gives back all that there is.
    if (opened.ok) return u32(handles.add({ ...holding, close: () => this.#close(holding.pin) }));
    handles.release();
    if (opened !== BUSY) owners.release(holding.pin, this);
    return gate.portRefused(name, { kind: 'gpio', pin: holding.pin }, opened);
  }

  async #openOutput(context: number, pin: number, mode: number, level: number): Promise<PortResult<void>> {
    const outputMode = OUTPUT_MODES[mode];
    if (outputMode === undefined || !isLevel(level)) return { ok: false, error: 'invalid-argument', layer: 'driver' };
    return this.#parts.port.openOutput(context, pin, outputMode, level);
  }

  async #get(handle: number): Promise<AppReply> {
    const { gate, handles, port } = this.#parts;
    const holding = handles.get(handle, 'gpio-input');
    if (holding === undefined) return refuse('invalid-argument');
    const denied = gate.ask('gpio.get', { kind: 'gpio', pin: holding.pin });
    if (denied !== undefined) return denied;
    const read = await port.read(this.#context, holding.pin);
    return read.ok ? u32(read.value) : gate.portRefused('gpio.get', { kind: 'gpio', pin: holding.pin }, read);
  }

  async #set(handle: number, level: number): Promise<AppReply> {
    const { gate, handles, port } = this.#parts;
    const holding = handles.get(handle, 'gpio-output');
    if (holding === undefined) return refuse('invalid-argument');
    const denied = gate.ask('gpio.set', { kind: 'gpio', pin: holding.pin });
    if (denied !== undefined) return denied;
    if (!isLevel(level)) return refuse('invalid-argument');
    const written = await port.write(this.#context, holding.pin, level);
    return written.ok ? DONE : gate.portRefused('gpio.set', { kind: 'gpio', pin: holding.pin }, written);
  }
}

const BUSY = { ok: false, error: 'busy' satisfies AppErrorCode, layer: 'driver' } as const;

function isLevel(level: number): level is 0 | 1 {
  return level === 0 || level === 1;
}
