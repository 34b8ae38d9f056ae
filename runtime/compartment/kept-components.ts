// What a thread remembers of components that it has linked before: what was read of them, and what the engine compiled. In memory alone, found by the
// digest of the very bytes that are to be linked, and bounded; never on a disk, and nothing of a guest's state is in it.

import { readComponent } from '../../component/binary/read-component.ts';
import type { CoreModule } from '../../component/core/read-core-module.ts';
import type { ComponentDefinition } from '../../component/definitions.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import type { Sha256 } from '../../contracts/core/image.ts';

/** Of components as they are in their images; what is kept of one takes some ten times as much. */
const KEPT_MAX_BYTES = 2 * 1024 * 1024;

interface Kept {
  readonly component: ComponentDefinition;
  readonly bytes: number;
}

interface Compiled {
  readonly how: string;
  readonly module: WebAssembly.Module;
}

/** @example linkComponent(bytes, offers, { memoryPages, kept })   // the second time: elaboration and instantiation alone */
export class KeptComponents {
  readonly #sha256: Sha256;
  readonly #maxBytes: number;
  /** By digest, the one that was used last at the end. */
  readonly #components = new Map<string, Kept>();
  /** One form of each: apps of one component have the same limits nearly always. Goes with its component. */
  readonly #compiled = new WeakMap<CoreModule, Compiled>();
  #bytes = 0;

  constructor(sha256: Sha256, maxBytes = KEPT_MAX_BYTES) {
    this.#sha256 = sha256;
    this.#maxBytes = maxBytes;
  }

  /** As `readComponent`, whose errors are its own: what cannot be read is not kept. */
  read(bytes: Uint8Array): ComponentDefinition {
    const digest = bytesToHex(this.#sha256(bytes));
    const known = this.#components.get(digest);
    if (known !== undefined) {
      this.#components.delete(digest);
      this.#components.set(digest, known);
      return known.component;
    }
    // A copy of our own: nobody can change afterwards what the digest stood for, and no image is kept for its component's sake.
    const component = readComponent(bytes.slice());
    if (bytes.length > this.#maxBytes) return component;
    this.#components.set(digest, { component, bytes: bytes.length });
    this.#bytes += bytes.length;
    for (const [oldest, kept] of this.#components) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#components.delete(oldest);
      this.#bytes -= kept.bytes;
    }
    return component;
  }

  /** `how`: everything that what is compiled depends on besides the module. */
  compiled(module: CoreModule, how: string, compile: () => WebAssembly.Module): WebAssembly.Module {
    const known = this.#compiled.get(module);
    if (known?.how === how) return known.module;
    const made = compile();
    this.#compiled.set(module, { how, module: made });
    return made;
  }
}
