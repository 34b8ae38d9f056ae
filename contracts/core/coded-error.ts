// The one error base: a closed code for programs, a message for people. Never matched by its message.

/** Whose doing an error is: the caller's own, the peer's that sent the bytes, or the world's (disk, network, power). */
export type Fault = 'caller' | 'peer' | 'world';

/** Facts that belong to an error, in JSON-safe values, for tools that explain it. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** What may stand beside a code. `hint` is the next step for a person. */
export interface ErrorContext {
  readonly fault?: Fault;
  readonly hint?: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/** An error with a code of a closed union. Subclass it once per layer, with that layer's union. */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly fault: Fault;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;

  constructor(code: Code, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.name = new.target.name;
    this.code = code;
    this.fault = context.fault ?? 'peer';
    this.hint = context.hint;
    this.details = context.details ?? {};
  }
}

/** Narrows to an error with some code of ours; plain `instanceof` would leave the code untyped. */
export function isCoded(error: unknown): error is CodedError<string> {
  return error instanceof CodedError;
}
