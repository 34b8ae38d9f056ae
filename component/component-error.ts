// Every way in which a component can be refused before it runs, as one closed union. Never thrown for what a running guest does.

import { CodedError } from '../contracts/core/coded-error.ts';

export type ComponentErrorCode =
  /** Not the bytes of a component: another magic, a core module, a version that is not 0x0d. */
  | 'component-not-a-component'
  | 'component-too-large'
  | 'component-truncated'
  | 'component-malformed'
  /** Valid by the specification, but over one of the bounds in limits.ts. */
  | 'component-too-complex'
  /** The asynchronous half of the canonical ABI (WASI 0.3). */
  | 'async-not-supported'
  /** Start functions, values, and whatever else is outside the WASI 0.2 component model. */
  | 'feature-not-supported'
  | 'index-out-of-range'
  /** A definition of one sort stands where another is wanted. */
  | 'sort-mismatch'
  | 'type-too-deep'
  | 'type-too-large'
  | 'core-module-malformed'
  /** Another feature than instructions and types: tags, shared or 64-bit tables, a second memory's index, custom page sizes. */
  | 'core-feature-not-supported'
  /** An instruction that is not on the closed list, however the engine would like it. Details: `opcode` in hex, `offset` in the module. */
  | 'core-opcode-not-allowed'
  /** A type that is not of WebAssembly 2.0. Details: `type` in hex, `offset` in the module. */
  | 'core-type-not-allowed'
  | 'memory-over-limit'
  | 'memory-shared'
  | 'memory-64'
  | 'memories-too-many'
  | 'table-over-limit'
  | 'name-repeated'
  /** Nobody offers this import: deny by default. */
  | 'import-not-offered'
  /** A device offers it, and the grants of this app do not open it. Details: `interface`, `function`, `line` (the manifest's). */
  | 'import-not-granted'
  | 'import-type-mismatch'
  | 'export-missing'
  | 'export-type-mismatch'
  /** A core module wants another import type than it is given. */
  | 'core-link-mismatch'
  | 'canon-option-missing'
  | 'canon-signature-mismatch'
  /** What a manifest names as a dependency is not in the image, byte for byte. */
  | 'dependency-digest-mismatch'
  /** A dependency that asks for more than the app is granted, or a manifest that cannot be read. */
  | 'dependency-malformed'
  /** To be linked for a thread that it shares with others, and without a meter. The host's mistake. */
  | 'fuel-required'
  /** The engine's own validation said no after ours said yes. */
  | 'engine-refused';

export class ComponentError extends CodedError<ComponentErrorCode> {}
