// The service as a process of its own beside the tool that needs it, which it never outlives. Never imports it: the service trusts
// no tool.

import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { inCheckout } from '../../factory/checkout.ts';
import { RelayedRefusal } from '../../factory/factory-error.ts';
import type { Shape } from '../../factory/shape.ts';
import { record, ShapeMismatch, text } from '../../factory/shape.ts';
import { CliError } from '../outcome.ts';

export interface ServiceOptions {
  /** `sqlite:FILE` */
  readonly store: string;
  /** State folder: authority, certificates. */
  readonly state: string;
  /** Of the management API; 0: any free one. */
  readonly port: string;
  readonly cwd: string;
  /** What else the service takes on its command line. */
  readonly more?: readonly string[];
}

/** What the service prints when it listens. */
export interface Listening {
  readonly url: string;
  /** Of the listener for devices. */
  readonly deviceApi: string | null;
  /** Of the page, with a token that opens it once. */
  readonly page: string | null;
  readonly state: string;
  readonly operator: string;
  readonly root: string;
}

export interface RunningService {
  readonly listening: Listening;
  /** Its exit code; `null`: ended by a signal. */
  readonly ended: Promise<number | null>;
  /** From now on what it says on standard error goes there too. */
  relay(stderr: NodeJS.WritableStream): void;
  /** Asks it to end and waits until it has. May be called twice. */
  stop(): Promise<void>;
}

const optional: Shape<string | null> = (value, path) =>
  value === undefined || value === null ? null : text()(value, path);
const LISTENING = record<Listening>({
  url: text(),
  deviceApi: optional,
  page: optional,
  state: text(),
  operator: text(),
  root: text(),
});
const OUTPUT_MAX_CHARACTERS = 64 * 1024;
/** More than any request takes that is being answered. */
const END_TIMEOUT_MS = 10_000;

/** Resolves when it listens. Errors: the service's own refusal, `service-failed`. */
export async function startService({ store, state, port, cwd, more = [] }: ServiceOptions): Promise<RunningService> {
  const args = ['--store', store, '--state', state, '--port', port, '--until-input-ends', ...more];
  const child = spawn(process.execPath, [inCheckout('as3/main/serve.ts'), ...args], { cwd, stdio: 'pipe' });
  // A service that refuses to start has closed its input before anybody asks it to end.
  child.stdin.on('error', () => child.kill('SIGTERM'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    const listening = await untilListening(child, ended);
    // A pipe that nobody reads would fill up and hold the service.
    child.stdout.resume();
    child.stderr.resume();
    return {
      listening,
      ended,
      relay: (stderr) => void child.stderr.pipe(stderr, { end: false }),
      async stop() {
        // The end of its input is what it waits for. A signal beside that could find it closing, deaf to it, and cut it off.
        child.stdin.destroy();
        const late = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
        await ended;
        clearTimeout(late);
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** The first line of its output. */
async function untilListening(
  child: ChildProcessWithoutNullStreams,
  ended: Promise<number | null>,
): Promise<Listening> {
  let stderr = '';
  const keep = (chunk: string): void => {
    stderr = (stderr + chunk).slice(0, OUTPUT_MAX_CHARACTERS);
  };
  child.stderr.setEncoding('utf8').on('data', keep);
  const line = await firstLine(child);
  child.stderr.off('data', keep);
  const listening = parsed(line);
  if (listening !== undefined) return listening;
  if (line === '') await ended;
  throw (
    relayed(stderr) ?? new CliError('service-failed', 'the service did not start', { fault: 'world', hint: stderr })
  );
}

/** Empty: its output ended without one. */
async function firstLine({ stdout }: ChildProcessWithoutNullStreams): Promise<string> {
  let said = '';
  stdout.setEncoding('utf8');
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const take = (chunk: string): void => {
    said += chunk;
    if (said.includes('\n') || said.length > OUTPUT_MAX_CHARACTERS) resolve(undefined);
  };
  stdout.on('data', take);
  await Promise.race([promise, once(stdout, 'end')]);
  stdout.off('data', take);
  return said;
}

function parsed(line: string): Listening | undefined {
  try {
    return LISTENING(JSON.parse(line), 'service');
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ShapeMismatch) return undefined;
    throw error;
  }
}

const REFUSAL = record<{ error: { code: string; message: string } }>({
  error: record({ code: text(), message: text() }),
});

/** The last line of standard error, if it is a refusal in the agreed form. */
function relayed(stderr: string): RelayedRefusal | undefined {
  try {
    const document: unknown = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '');
    const { code, message } = REFUSAL(document, 'refusal').error;
    const { hint } = (document as { error: { hint?: unknown } }).error;
    return new RelayedRefusal(code, message, typeof hint === 'string' ? { hint } : {});
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ShapeMismatch) return undefined;
    throw error;
  }
}
