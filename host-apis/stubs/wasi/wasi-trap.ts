// What ends a guest because it broke a rule of WASI that has no error of its own. Never an answer of the broker.

import { CodedError } from '../../../contracts/core/coded-error.ts';

export type WasiTrapCode =
  /** wasi:io/poll: an empty list. */
  | 'poll-list-empty'
  /** More different things that the broker would have to watch than one wait takes. */
  | 'poll-list-too-long'
  /** wasi:io/streams: more bytes than `check-write` allowed, or than a blocking write takes. */
  | 'write-without-permit'
  /** wasi:random: more bytes at once than anybody keeps. */
  | 'random-too-long'
  /** The broker answered an error where WASI knows none. */
  | 'broker-refused';

/** `fault` is the guest's. */
export class WasiTrap extends CodedError<WasiTrapCode> {}
