// What the service process is told on its command line. Never guesses: what it does not know is wrong usage.

import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ServeError } from './serve-error.ts';

export const SERVE_USAGE = `serve.ts --store sqlite:FILE --state DIR --port N [--device-host NAME] [--certificate-life TIME] [--until-input-ends]
    the management API on https://localhost:N, the device API on N+1, the page on http://localhost:N+2 (0: any free ports); prints one line of JSON when they listen
    --device-host NAME       the device API listens where this DNS name or IPv4 address leads, and its certificate has it
    --certificate-life TIME  of devices' certificates: 10s to 7d, with s, m, h or d (default 24h)
`;

export interface ServeOptions {
  readonly store: string;
  /** Absolute. */
  readonly state: string;
  readonly port: number;
  readonly deviceHost: string | undefined;
  readonly certificateLifeMs: number | undefined;
  readonly untilInputEnds: boolean;
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const LIFE = /^([1-9][0-9]{0,6})([smhd])$/;
/** Shorter than a device's backing off is no life; longer, and a device that was taken over keeps its place for too long. */
const LIFE_MS = { least: 10_000, most: 7 * UNIT_MS.d } as const;
const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** Errors: `usage-wrong`. */
export function serveOptionsOf(args: readonly string[]): ServeOptions {
  const { store, state, port, ...rest } = valuesOf(args);
  // The highest two are left for the listeners after the first.
  const isPort = port !== undefined && /^[0-9]{1,5}$/.test(port) && Number(port) < 65_534;
  if (store === undefined || state === undefined || !isPort) throw wrong('--store, --state and --port are wanted');
  const life = rest['certificate-life'];
  return {
    store,
    state: resolve(state),
    port: Number(port),
    deviceHost: hostOf(rest['device-host']),
    certificateLifeMs: life === undefined ? undefined : lifeOf(life),
    untilInputEnds: rest['until-input-ends'] === true,
  };
}

function valuesOf(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        store: text,
        state: text,
        port: text,
        'device-host': text,
        'certificate-life': text,
        'until-input-ends': { type: 'boolean' },
      },
    }).values;
  } catch (cause) {
    throw wrong((cause as Error).message);
  }
}

function hostOf(text: string | undefined): string | undefined {
  if (text === undefined || (HOST.test(text) && isIP(text) !== 6)) return text;
  throw wrong('--device-host is no DNS name and no IPv4 address');
}

function lifeOf(text: string): number {
  const [, count, unit] = LIFE.exec(text) ?? [];
  const lifeMs = Number(count) * UNIT_MS[(unit ?? 's') as keyof typeof UNIT_MS];
  if (lifeMs >= LIFE_MS.least && lifeMs <= LIFE_MS.most) return lifeMs;
  throw wrong('--certificate-life is 10s to 7d');
}

function wrong(message: string): ServeError {
  return new ServeError('usage-wrong', message, { fault: 'caller', hint: SERVE_USAGE });
}
