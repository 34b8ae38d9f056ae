// The service as a process: store, certificates and the management listener, until it is told to end. Never listens to
// anything but this machine yet, and never without client certificates.

import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CodedError, isCoded } from '../../contracts/core/coded-error.ts';
import { openServiceFolder, writeServiceRecord } from '../adapters/service-folder.ts';
import type { ServiceCredentials } from '../adapters/service-folder.ts';
import { Management } from '../domain/management.ts';
import type { ManagementTls } from '../http/management-server.ts';
import { managementServer, tlsOptions } from '../http/management-server.ts';
import { openStore } from '../store/open-store.ts';

const USAGE = `serve.ts --store sqlite:FILE --state DIR --port N [--until-input-ends]
    serves the management API on https://localhost:N (0: any free port); prints one line of JSON when it listens
`;
const HOST = '127.0.0.1';
const RENEWAL_CHECK_MS = 12 * 60 * 60 * 1000;
const EXIT = { refused: 1, usage: 2 } as const;
const clock = { nowMs: () => Date.now() };

type ServeErrorCode = 'usage-wrong' | 'port-unusable';
class ServeError extends CodedError<ServeErrorCode> {}

interface Options {
  readonly store: string;
  readonly state: string;
  readonly port: number;
  readonly untilInputEnds: boolean;
}

function optionsOf(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { store: text, state: text, port: text, 'until-input-ends': { type: 'boolean' } },
    });
    const { store, state, port } = values;
    const isPort = port !== undefined && /^[0-9]{1,5}$/.test(port) && Number(port) < 65536;
    if (store !== undefined && state !== undefined && isPort) {
      const untilInputEnds = values['until-input-ends'] === true;
      return { store, state: resolve(state), port: Number(port), untilInputEnds };
    }
  } catch (cause) {
    throw new ServeError('usage-wrong', (cause as Error).message, { fault: 'caller', hint: USAGE });
  }
  throw new ServeError('usage-wrong', '--store, --state and --port are wanted', { fault: 'caller', hint: USAGE });
}

/** Resolves when the process is asked to end. */
function untilAsked({ untilInputEnds }: Options): Promise<void> {
  return new Promise((end) => {
    process.once('SIGINT', end).once('SIGTERM', end);
    // Whoever started it is gone: without this, a killed command would leave the service running.
    if (untilInputEnds) process.stdin.resume().once('close', end);
  });
}

async function serve(options: Options): Promise<void> {
  const asked = untilAsked(options);
  await mkdir(options.state, { recursive: true, mode: 0o700 });
  const credentials = await openServiceFolder(options.state, clock);
  const store = await openStore(options.store);
  try {
    const server = managementServer({
      management: new Management(store.management, clock, randomUUID),
      clock,
      newId: randomUUID,
      tls: tlsOf(credentials),
      report: (error) => process.stderr.write(`${JSON.stringify({ report: reasonOf(error) })}\n`),
    });
    const renewal = setInterval(() => {
      openServiceFolder(options.state, clock).then(
        (renewed) => server.server.setSecureContext(tlsOptions(tlsOf(renewed))),
        (error: unknown) => process.stderr.write(`${JSON.stringify({ report: reasonOf(error) })}\n`),
      );
    }, RENEWAL_CHECK_MS);
    try {
      await listen(server, options.port);
      const address = server.server.address();
      const port = typeof address === 'object' && address !== null ? address.port : options.port;
      const record = await writeServiceRecord(options.state, `https://localhost:${port}`);
      const { url } = record;
      const [operator, root] = [resolve(options.state, record.operator), resolve(options.state, record.root)];
      process.stdout.write(`${JSON.stringify({ url, state: options.state, operator, root })}\n`);
      await asked;
    } finally {
      clearInterval(renewal);
      await server.close();
    }
  } finally {
    await store.close();
  }
}

async function listen(server: ReturnType<typeof managementServer>, port: number): Promise<void> {
  try {
    await server.listen({ host: HOST, port });
  } catch (cause) {
    throw new ServeError('port-unusable', `cannot listen on port ${port}: ${(cause as Error).message}`, {
      fault: 'caller',
      hint: 'choose another one with --port, or 0 for any that is free',
      cause,
    });
  }
}

function tlsOf({ server, operatorCa }: ServiceCredentials): ManagementTls {
  return { key: server, certificate: server, operatorCa };
}

function reasonOf(error: unknown): object {
  if (!isCoded(error)) return { code: 'internal', message: String(error) };
  const { code, message, hint, cause } = error;
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(cause instanceof Error ? { cause: cause.message } : {}),
  };
}

try {
  const options = optionsOf(process.argv.slice(2));
  await serve(options);
  // A parent's pipe that is still open would keep the process.
  process.stdin.destroy();
} catch (error) {
  process.stderr.write(`${JSON.stringify({ error: reasonOf(error) })}\n`);
  process.exitCode = error instanceof ServeError && error.code === 'usage-wrong' ? EXIT.usage : EXIT.refused;
  process.stdin.destroy();
}
