// The power switch of a simulated device: starts its secure world, which starts all the rest, and cuts the power. Never starts
// any other process of a device, and never tells the secure world what to boot.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { BootLine, ResetLine } from './boot-console.ts';
import { CONSOLE_LINE_MAX_BYTES, parseConsoleLine } from './boot-console.ts';
import { inCheckout } from './checkout.ts';
import type { DeviceClient } from './device-client.ts';
import { connectDevice } from './device-client.ts';
import { FactoryError } from './factory-error.ts';
import { LineStream } from './line-stream.ts';
import type { WorldClient } from './world-client.ts';
import { connectWorld } from './world-client.ts';

export interface PowerOptions {
  /** Told for every stage, also after a reset. */
  readonly onBoot?: (line: BootLine) => void;
  readonly onReset?: (line: ResetLine) => void;
  /** Told whatever the device's processes say on standard error. */
  readonly onTrace?: (text: string) => void;
  /** Until the device is ready; default 30 s. */
  readonly timeoutMs?: number;
  /** What the chip is soldered to (runtime/board/boards.ts); the secure world has a default. */
  readonly board?: string;
  /** Entropy of the chip from this seed (unsigned, 32 bits), for runs that must replay. */
  readonly seed?: number;
  /** Time stands at 0 until a bench lets it run (`WorldClient.run`), and then runs as fast as the device computes. */
  readonly virtualTime?: boolean;
  /** Apps of one signer share a process: `worker` or `thread`. Without it each has one of its own. */
  readonly placement?: string;
  /** A board that gives an app this many bytes, instead of its own limit. */
  readonly memoryLimitBytes?: number;
  /** The absolute path of the secure world's program, when it is not the checkout's. */
  readonly program?: string;
}

export interface PowerEnd {
  /** `null`: by a signal. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last 4 KiB of standard error. */
  readonly lastWords: string;
}

export interface PoweredDevice {
  readonly folder: string;
  /** The boot as it was told until the device was ready. */
  readonly boot: readonly BootLine[];
  /** From the switch to ready. */
  readonly readyMs: number;
  /** Resolves when the device is off, whoever did it. */
  readonly ended: Promise<PowerEnd>;
  /** Plugs in the service cable. Errors: `device-off`. */
  connect(): Promise<DeviceClient>;
  /** Goes to the bench. Errors: `device-off`. */
  world(): Promise<WorldClient>;
  /** Cuts the power and waits until every process has gone. May be called twice. */
  powerOff(): Promise<PowerEnd>;
}

const PROGRAM = inCheckout('runtime/board/processes/secure-world.ts');
const READY_TIMEOUT_MS = 30_000;
/** A secure world that does not end on request is cut off; its children end with their pipes. */
const GRACE_MS = 3_000;
const LAST_WORDS_CHARACTERS = 4096;

/**
 * Resolves when every stage was verified and the OS was started. Errors: `boot-refused` (details: stage, code),
 * `device-already-on`, `power-failed` when the secure world cannot start, ends early or is not ready in time.
 */
export async function powerOn(folder: string, options: PowerOptions = {}): Promise<PoweredDevice> {
  const device = new SecureWorldProcess(folder, options);
  try {
    await device.ready(options.timeoutMs ?? READY_TIMEOUT_MS);
  } catch (error) {
    await device.powerOff();
    throw error;
  }
  return device;
}

class SecureWorldProcess implements PoweredDevice {
  readonly folder: string;
  readonly boot: BootLine[] = [];
  readonly ended: Promise<PowerEnd>;
  readyMs = 0;
  readonly #child: ChildProcess;
  readonly #options: PowerOptions;
  readonly #lines = new LineStream(CONSOLE_LINE_MAX_BYTES);
  readonly #startedAt = performance.now();
  readonly #becameReady = Promise.withResolvers<void>();
  #isReady = false;
  #lastWords = '';

  constructor(folder: string, options: PowerOptions) {
    this.folder = folder;
    this.#options = options;
    const program = options.program ?? PROGRAM;
    // Standard input stays open for as long as this process lives: the device goes off with the bench that it stands on.
    this.#child = spawn(process.execPath, [program, folder, ...argumentsOf(options)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#becameReady.promise.catch(() => undefined); // awaited by ready(), which may not have been called yet
    this.ended = this.#watch();
  }

  async ready(timeoutMs: number): Promise<void> {
    const timer = setTimeout(
      () => this.#fail(new FactoryError('power-failed', `the device is not ready after ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      await this.#becameReady.promise;
    } finally {
      clearTimeout(timer);
    }
    this.readyMs = performance.now() - this.#startedAt;
  }

  connect(): Promise<DeviceClient> {
    return connectDevice(this.folder);
  }

  world(): Promise<WorldClient> {
    return connectWorld(this.folder);
  }

  async powerOff(): Promise<PowerEnd> {
    this.#child.kill('SIGTERM');
    const cut = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    try {
      return await this.ended;
    } finally {
      clearTimeout(cut);
    }
  }

  #watch(): Promise<PowerEnd> {
    const child = this.#child;
    child.stdin?.on('error', () => child.kill('SIGTERM'));
    child.stdout?.on('data', (chunk: Buffer) => this.#readConsole(chunk));
    child.stderr?.setEncoding('utf8').on('data', (words: string) => {
      this.#lastWords = (this.#lastWords + words).slice(-LAST_WORDS_CHARACTERS);
      this.#options.onTrace?.(words);
    });
    return new Promise((resolve) => {
      const end = (exitCode: number | null, signal: string | null): void => {
        this.#fail(this.#refusal(exitCode, signal));
        resolve({ exitCode, signal, lastWords: this.#lastWords });
      };
      child.once('error', (cause) => {
        this.#fail(
          new FactoryError('power-failed', `the secure world cannot start: ${cause.message}`, {
            fault: 'world',
            cause,
          }),
        );
        end(null, null);
      });
      child.once('close', end);
    });
  }

  #readConsole(chunk: Uint8Array): void {
    try {
      for (const text of this.#lines.push(chunk)) {
        const read = parseConsoleLine(text);
        if (read.kind === 'ready') {
          this.#isReady = true;
          this.#becameReady.resolve();
        }
        if (read.kind === 'reset') this.#options.onReset?.(read.line);
        if (read.kind !== 'boot') continue;
        if (!this.#isReady) this.boot.push(read.line);
        this.#options.onBoot?.(read.line);
      }
    } catch (error) {
      this.#fail(error);
      this.#child.kill('SIGKILL');
    }
  }

  #fail(error: unknown): void {
    this.#becameReady.reject(error);
  }

  /** Why it ended before it was ready: what the boot refused, if it did. */
  #refusal(exitCode: number | null, signal: string | null): FactoryError {
    const refused = this.boot.find(({ ok }) => !ok);
    if (refused !== undefined) {
      const { boot: stage, code = 'unknown', message = '' } = refused;
      if (code === 'device-already-on') {
        return new FactoryError(code, message, { fault: 'caller', hint: 'power it off first, or use it as it is' });
      }
      return new FactoryError('boot-refused', `${stage} was refused: ${code}${message === '' ? '' : ` (${message})`}`, {
        hint: 'the device is as it should be: it starts nothing that it cannot verify. Recover it, or manufacture a new one',
        details: { stage, code },
      });
    }
    return new FactoryError(
      'power-failed',
      `the secure world ended before the device was ready (${signal ?? exitCode})`,
      {
        fault: 'world',
        details: { lastWords: this.#lastWords.slice(-1000) },
      },
    );
  }
}

function argumentsOf({ board, seed, virtualTime, placement, memoryLimitBytes }: PowerOptions): readonly string[] {
  return [
    ...(board === undefined ? [] : ['--board', board]),
    ...(seed === undefined ? [] : ['--seed', String(seed)]),
    ...(virtualTime === true ? ['--virtual-time'] : []),
    ...(placement === undefined ? [] : ['--placement', placement]),
    ...(memoryLimitBytes === undefined ? [] : ['--app-memory', String(memoryLimitBytes)]),
  ];
}
