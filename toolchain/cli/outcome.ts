// How a command answers: one JSON document or text on standard output, a coded error, an exit code. Never a question, never colour in a pipe.

import { CodedError, isCoded } from '../../contracts/core/coded-error.ts';
import { hintFor } from './hints.ts';
import { terminalText } from './terminal-text.ts';

/** Exit codes of every command: done, refused or failed with a coded error, wrong usage. */
export const EXIT = { done: 0, refused: 1, usage: 2 } as const;

/** Faults of the command line itself; everything else carries the code of the layer that refused. */
export type CliErrorCode =
  | 'usage'
  | 'file-not-readable'
  | 'file-too-large'
  | 'file-not-writable'
  | 'duration-malformed'
  | 'press-malformed'
  | 'app-failed'
  | 'no-device-attached'
  | 'several-devices-attached'
  | 'board-unknown'
  | 'story-failed'
  | 'memory-malformed'
  | 'interrupted'
  | 'world-refused'
  | 'time-stands-still'
  | 'service-not-known'
  | 'service-record-malformed'
  | 'operator-key-exposed'
  | 'service-unreachable'
  | 'service-answer-malformed'
  | 'service-failed'
  | 'catalog-not-found'
  | 'device-not-found'
  | 'device-in-no-product'
  | 'device-unclaimed'
  | 'device-not-attested'
  | 'device-answer-malformed'
  | 'internal';

export class CliError extends CodedError<CliErrorCode> {}

/** The error document: `{"error":{"code","message","hint","details"}}`. */
export interface ErrorDocument {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

export function errorDocument(error: unknown): ErrorDocument {
  if (isCoded(error)) {
    return {
      error: {
        code: error.code,
        message: error.message,
        hint: error.hint ?? hintFor(error.code),
        details: error.details,
      },
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    error: {
      code: 'internal',
      message,
      hint: 'This is a fault of casemate itself; --debug prints where.',
      details: {},
    },
  };
}

/** Where a command writes. `json` decides the form once, so that no command prints half of each. */
export class Outcome {
  readonly json: boolean;
  readonly #stdout: (text: string) => void;
  readonly #stderr: (text: string) => void;
  readonly #showProgress: boolean;

  constructor(options: {
    json: boolean;
    stdout: (text: string) => void;
    stderr: (text: string) => void;
    isTerminal: boolean;
  }) {
    this.json = options.json;
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
    this.#showProgress = options.isTerminal;
  }

  /** The one result of a command: the document as JSON, or the text for a person. */
  result(document: unknown, text: () => string): void {
    this.#stdout(this.json ? `${JSON.stringify(document)}\n` : `${terminalText(text())}\n`);
  }

  /** One line of a stream: a JSON Line, or a line for a person. */
  line(document: unknown, text: () => string): void {
    this.result(document, text);
  }

  /** Long work, told on standard error when a person is watching. */
  progress(text: string): void {
    if (this.#showProgress) this.#stderr(`${terminalText(text)}\n`);
  }

  error(error: unknown): void {
    const { error: body } = errorDocument(error);
    if (this.json) this.#stdout(`${JSON.stringify({ error: body })}\n`);
    else {
      const hint = body.hint === null ? '' : `\n  ${body.hint}`;
      this.#stderr(terminalText(`casemate: ${body.code}: ${body.message}${hint}\n`));
    }
  }
}
