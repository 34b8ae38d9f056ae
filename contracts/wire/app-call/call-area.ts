// What one area of the broker's functions brings to the codec: its numbers, and its arguments as bytes. Never how a call is answered.

import type { ByteReader, ByteWriter } from '../../core/bytes.ts';
import { CodedError } from '../../core/coded-error.ts';

export type AppCallErrorCode = 'app-call-function-unknown' | 'app-call-malformed' | 'app-call-too-large';
export class AppCallError extends CodedError<AppCallErrorCode> {}

/** `Request` is a union over `function`; an area's functions share the high byte of their numbers. */
export interface CallArea<Request extends { readonly function: string }> {
  readonly functions: Readonly<Record<Request['function'], number>>;
  encode(request: Request, writer: ByteWriter): void;
  /** Errors: `AppCallErrorCode`, `LayoutErrorCode`. Whoever calls it checks that nothing is left over. */
  decode(name: Request['function'], reader: ByteReader): Request;
}
