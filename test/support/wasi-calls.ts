// Calls WASI functions of the stubs as a guest's glue does, by interface and name. It must never pass what the types forbid.

import type { OfferSource } from '../../component/host-interface.ts';
import type { Case, Value } from '../../component/value-types.ts';
import { BrokerPipe } from '../../host-apis/stubs/broker-pipe.ts';
import { FS_ERROR_CODES } from '../../host-apis/stubs/wasi/file-system.ts';
import { wasiWorld } from '../../host-apis/stubs/wasi/wasi-offers.ts';
import type { WasiDevice } from './wasi-device.ts';

export interface WasiGuestOptions {
  readonly files?: ReadonlyMap<string, Uint8Array>;
  readonly args?: readonly string[];
  readonly environment?: readonly (readonly [string, string])[];
  readonly hasStorage?: boolean;
}

export class WasiGuest {
  readonly #offers: OfferSource;
  readonly finish: () => unknown;

  constructor(
    device: WasiDevice,
    { files = new Map(), args = [], environment = [], hasStorage = false }: WasiGuestOptions = {},
  ) {
    const pipe = new BrokerPipe(device.broker.streams());
    pipe.awaitStart();
    const world = wasiWorld({ broker: pipe, files, args, environment, hasStorage });
    this.#offers = world.offers;
    this.finish = world.finish;
  }

  /** `call('io/poll', 'poll', [1, 2])`. Throws what the stub throws. */
  call(iface: string, name: string, ...args: Value[]): Value {
    const item = this.#offers.get(`wasi:${iface}@0.2.0`)?.get(name);
    if (item?.sort !== 'func') throw new Error(`no function ${name} in ${iface}`);
    if (item.func.type.params.length !== args.length) throw new Error(`${name} takes other arguments`);
    return item.func.call(...args);
  }

  /** Of a function that answers `result`: what it gave; a refusal throws `Refused`. */
  ok(iface: string, name: string, ...args: Value[]): Value {
    const { index, value } = this.call(iface, name, ...args) as Case;
    if (index === 1) throw new Refused(value);
    return value;
  }

  /** A method of a descriptor: what it gave, or the name of the error code. */
  fs(method: string, ...args: Value[]): Value {
    const { index, value } = this.call('filesystem/types', `[method]descriptor.${method}`, ...args) as Case;
    return index === 0 ? value : FS_ERROR_CODES[value as number];
  }

  /** The preopened folders, by name. */
  folders(): ReadonlyMap<string, number> {
    const listed = this.call('filesystem/preopens', 'get-directories') as readonly (readonly [number, string])[];
    return new Map(listed.map(([descriptor, name]) => [name, descriptor]));
  }

  /** Whether dropping a resource closes it is the table's business: this is what the canonical ABI does. */
  drop(iface: string, resource: string, rep: number): void {
    const item = this.#offers.get(`wasi:${iface}@0.2.0`)?.get(resource);
    if (item?.sort !== 'type' || item.type.kind !== 'resource') throw new Error(`no resource ${resource}`);
    item.type.type.drop?.(rep);
  }
}

/** The error case of a result. */
export class Refused extends Error {
  readonly value: Value;
  constructor(value: Value) {
    super('refused');
    this.value = value;
  }
}
