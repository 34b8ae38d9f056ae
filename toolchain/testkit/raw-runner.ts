// A runner that was taken over: it leaves its app aside and says to the broker whatever the kit's list says, word for word. It stands
// in the place of the real one in builds of the kit alone; it must never be reached from an entry of the product.

import type { Sha256 } from '../../contracts/core/image.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import { decodeImageFiles } from '../../contracts/core/image-files.ts';
import type { AppRequest } from '../../contracts/wire/app-call.ts';
import { APP_START_FRAME, encodeAppRequest } from '../../contracts/wire/app-call.ts';
import type { Argument, ProbeRequest } from './probe-call.ts';
import { CALLS_PER_PAUSE, CODE, PAUSE_NS, PROBE_END, probeLine } from './probe-words.ts';
import type { RawList } from './raw-list.ts';
import { RAW_LIST_FILE, decodeRawList } from './raw-list.ts';

interface Surroundings {
  readonly readImage: () => Uint8Array;
  readonly broker: { write(bytes: Uint8Array): void; read(length: number): Uint8Array };
  readonly sha256: Sha256;
}

/** In the place of the runner's own function of this name. */
export function runApp({ readImage, broker, sha256 }: Surroundings): {
  readonly kind: 'exit';
  readonly exitCode: number;
} {
  const { files } = decodeImage(readImage(), sha256);
  broker.read(APP_START_FRAME.length);
  const list = decodeRawList(decodeImageFiles(files).get(RAW_LIST_FILE) ?? new Uint8Array(0));
  new RawRunner(broker).play(list);
  return { kind: 'exit', exitCode: 0 };
}

interface Answer {
  readonly code: number;
  readonly handle: number;
}

/** Functions that answer a handle. */
const OPENS =
  /^(?:gpio[.]open-|timers[.]create$|tcp[.](?:connect|listen|watch)$|udp[.](?:bind|watch)$|names[.]resolve$)/;

class RawRunner {
  readonly #broker: Surroundings['broker'];

  constructor(broker: Surroundings['broker']) {
    this.#broker = broker;
  }

  play({ holds, calls, isHurried = false }: RawList): void {
    for (const request of holds) this.#say(request, new Map());
    calls.forEach(({ number, before, call, times = 1 }, index) => {
      if (!isHurried && index > 0 && index % CALLS_PER_PAUSE === 0) this.#wait(PAUSE_NS);
      const handles = new Map<string, number>();
      const isSet = before.every(({ request, as }) => {
        const { code, handle } = this.#say(request, handles);
        if (as !== undefined) handles.set(as, handle);
        return code === CODE.ok;
      });
      const given: number[] = [];
      let code: number = isSet ? CODE.ok : CODE.notSet;
      for (let time = 0; time < times && code === CODE.ok; time++) {
        const answer = this.#say(call, handles);
        code = answer.code;
        if (code === CODE.ok && answer.handle !== 0) given.push(answer.handle);
      }
      // A level that was read is no handle.
      if (OPENS.test(call.function)) for (const handle of given) this.#close(handle);
      for (const handle of handles.values()) this.#close(handle);
      this.#log(probeLine({ call: number, code }));
    });
    this.#log(PROBE_END);
    if (holds.length > 0) this.#wait(undefined);
  }

  #say(request: ProbeRequest, handles: ReadonlyMap<string, number>): Answer {
    const resolve = (argument: Argument): unknown => {
      if (Array.isArray(argument)) return argument.map((each: string | number) => resolve(each));
      return typeof argument === 'string' ? (handles.get(argument) ?? argument) : argument;
    };
    const entries = Object.entries(request).map(([name, argument]) => [name, resolve(argument)]);
    return this.#call(Object.fromEntries(entries) as AppRequest);
  }

  #call(request: AppRequest): Answer {
    this.#broker.write(encodeAppRequest(request));
    const length = new DataView(this.#broker.read(4).buffer).getUint32(0, true);
    const reply = this.#broker.read(length);
    const [status = 0] = reply;
    const handle = status === 0 && length >= 8 ? new DataView(reply.buffer).getUint32(reply.byteOffset + 4, true) : 0;
    return { code: status, handle };
  }

  #close(handle: number): void {
    this.#call({ function: 'handle.close', handle });
  }

  #wait(timeoutNs: bigint | undefined): void {
    this.#call({ function: 'poll.wait', handles: [], timeoutNs });
  }

  #log(message: string): void {
    this.#call({ function: 'log.write', message });
  }
}
