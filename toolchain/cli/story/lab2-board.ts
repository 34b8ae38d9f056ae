// What lab 2 sees of its device from outside: which LED blinks, which image runs, whether it booted. Never takes the device's word for
// what the LED does.

import type { ComponentId } from '../../../contracts/core/ids.ts';
import { bytesToHex } from '../../../contracts/core/ids.ts';
import { decodeEvidence } from '../../../contracts/wire/evidence.ts';
import type { AppStatus } from '../../../contracts/wire/device-link.ts';
import type { Bench } from '../bench.ts';
import { CliError } from '../outcome.ts';
import { EdgeWatch } from './blinking.ts';

/** SAMPLE_LED and SAMPLE_RGBLED_GREEN. */
const LED_PIN = { red: 8, green: 16 } as const;
export type LedColour = keyof typeof LED_PIN;

export interface LedEdge {
  readonly t: number;
  readonly pin: number;
  readonly level: 0 | 1 | null;
}

const EVENT_TIMEOUT_MS = 20_000;
const EDGES_EACH = 4;
const POLL_MS = 20;
const NONCE_BYTES = 32;

export class Lab2Board {
  readonly bench: Bench;
  readonly #componentId: ComponentId;

  constructor(bench: Bench, componentId: ComponentId) {
    this.bench = bench;
    this.#componentId = componentId;
  }

  /** From now on. Errors: `story-failed` when it does not. */
  async blinks(colour: LedColour, edges = EDGES_EACH): Promise<void> {
    const watch = new EdgeWatch(this.bench, LED_PIN[colour]);
    try {
      await watch.more(edges, EVENT_TIMEOUT_MS);
    } finally {
      watch.stop();
    }
  }

  /** This image runs by the service's trust, has not been restarted, and blinks. Errors: `story-failed`. */
  async runs(imageId: string, colour: LedColour): Promise<void> {
    await this.blinks(colour);
    const installed = (await this.bench.client.images()).find(({ componentId }) => componentId === this.#componentId);
    if (installed?.imageId !== imageId || installed.trust !== 'service')
      throw failed(`image ${installed?.imageId ?? 'none'} is installed, by trust in ${installed?.trust ?? 'nobody'}`);
    const app = await this.#app();
    if (app?.state !== 'running' || app.restarts !== 0)
      throw failed(`the app is ${app?.state ?? 'gone'} after ${app?.restarts ?? 0} restarts`);
  }

  /** Waits until the app has stopped. Errors: `story-failed`. */
  async stops(): Promise<void> {
    const deadline = performance.now() + EVENT_TIMEOUT_MS;
    for (;;) {
      const app = await this.#app();
      if (app === undefined || app.state === 'stopped' || app.state === 'failed') return;
      if (performance.now() > deadline) throw failed(`the app is still ${app.state}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Names this boot: random bytes that the monitor makes at each, under its signature. */
  async boot(): Promise<string> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const { claims } = decodeEvidence(await this.bench.client.collectEvidence(nonce));
    return bytesToHex(claims.bootSeed);
  }

  /** Keeps the edges of both LEDs from now on; the answer ends that and has them. */
  watch(): () => readonly LedEdge[] {
    const edges: LedEdge[] = [];
    const pins: readonly number[] = Object.values(LED_PIN);
    const stop = this.bench.onEvent((event) => {
      if (event.kind !== 'pin' || event.level === null || !pins.includes(event.pin)) return;
      edges.push({ t: event.t, pin: event.pin, level: event.level });
    });
    return () => {
      stop();
      return edges;
    };
  }

  async #app(): Promise<AppStatus | undefined> {
    return (await this.bench.client.apps()).find(({ componentId }) => componentId === this.#componentId);
  }
}

function failed(what: string): CliError {
  return new CliError('story-failed', what);
}
