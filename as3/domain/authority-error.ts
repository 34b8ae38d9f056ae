// Why the authority refuses, as a closed list. Never carries key material.

import { CodedError } from '../../contracts/core/coded-error.ts';

export type AuthorityErrorCode =
  /** The image's kind is not one that this role signs. */
  | 'image-kind-not-for-role'
  | 'image-signatures-full'
  | 'capability-rights-malformed'
  | 'capability-key-missing'
  | 'capability-key-unwanted'
  | 'capability-key-malformed'
  | 'capability-serials-exhausted'
  /** No `init` has run in this folder. */
  | 'authority-not-initialized'
  /** Another process holds the folder for too long. */
  | 'authority-busy'
  | 'authority-file-missing'
  | 'authority-file-malformed'
  /** A file is not the one that `init` recorded. */
  | 'authority-file-changed'
  /** A private file that other users of the machine can read. */
  | 'authority-file-exposed'
  | 'authority-folder-unusable'
  | 'measurement-malformed'
  | 'factory-key-malformed'
  | 'input-too-large';
export class AuthorityError extends CodedError<AuthorityErrorCode> {}
