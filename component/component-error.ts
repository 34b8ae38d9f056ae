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
  | 'core-feature-not-supported'
  | 'memory-over-limit'
  | 'memory-shared'
  | 'memory-64'
  | 'memories-too-many'
  | 'table-over-limit'
  | 'name-repeated'
  /** Nobody offers this import: deny by default. */
  | 'import-not-offered'
  | 'import-type-mismatch'
  | 'export-missing'
  | 'export-type-mismatch'
  /** A core module wants another import type than it is given. */
  | 'core-link-mismatch'
  | 'canon-option-missing'
  | 'canon-signature-mismatch'
  /** The engine's own validation said no after ours said yes. */
  | 'engine-refused';

export class ComponentError extends CodedError<ComponentErrorCode> {}
