// The world around the pins as a process of its own, wired to them. What it sends is levels on pins, and nothing else is believed.

import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { isCoded } from '../../contracts/core/coded-error.ts';
import type { PinFrame } from '../../contracts/core/pin-frame.ts';
import type { WorldFrame } from '../../contracts/core/world-frame.ts';
import { WORLD_FRAME_BYTES, decodeWorldFrame, encodeWorldFrame } from '../../contracts/core/world-frame.ts';
import type { RelayEnd } from '../hil/launch.ts';
import { inFolder, readNote, removeFile } from './folder.ts';
import { relayEnd } from './relay-end.ts';

/** What the world needs to know; its one argument, as JSON. */
export interface WorldArguments {
  /** The device's folder: the bench's socket goes there. */
  readonly folder: string;
  readonly board: string;
  /** When the device was powered on, on the host's monotonic clock (`process.hrtime.bigint()`), decimal. */
  readonly poweredOnAtNs: string;
  /** Time goes on when the bench lets it, and not with the host's. */
  readonly isTimeVirtual?: boolean;
}

export interface WorldWires {
  /** Resolves when the bench can connect, or when there is no world any more. */
  readonly ready: Promise<void>;
  chipDrives(frame: PinFrame): void;
  onWorldDrives(listener: (frame: PinFrame) => void): void;
  /** Virtual time: the chip's clock is at the limit that it was lent. */
  reached(atNs: bigint): void;
  /** Virtual time: it may go so far. */
  onLent(listener: (limitNs: bigint) => void): void;
  /** A link of its own to the access point, when the world is ready; `undefined` when there is none. */
  plugInRadio(): Promise<RelayEnd | undefined>;
  /** Cuts the wires: the world clears its place up and ends, and is ended when it does not. Resolves when it is gone. */
  close(): Promise<void>;
}

/** Where the world writes its socket's address, in the device's folder. */
const ADDRESS_NOTE = 'world.addr';
/** The same for the radio's socket; it is there before the other. */
const RADIO_NOTE = 'radio.addr';
const LOOK_EVERY_MS = 5;

/** How long a world may take to clear up, ms. */
const PATIENCE_MS = 1000;

/** Starts `script` with the pins on descriptor 3, a stream of world frames both ways. Without a world the pins float. */
export function startWorld(script: URL, world: WorldArguments): WorldWires {
  const note = inFolder(world.folder, ADDRESS_NOTE);
  // Of a device that lost its power: the new world writes its own.
  removeFile(note);
  const radioNote = inFolder(world.folder, RADIO_NOTE);
  removeFile(radioNote);
  const args = [fileURLToPath(script), JSON.stringify(world)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  child.once('error', () => child.kill('SIGKILL'));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ready = new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (readNote(note) === undefined && child.exitCode === null) return;
      clearInterval(look);
      resolve();
    }, LOOK_EVERY_MS);
    void ended.then(() => clearInterval(look)).then(resolve);
  });
  const wires = child.stdio[3] as Duplex;
  wires.on('error', () => wires.destroy());
  let drives: (frame: PinFrame) => void = () => undefined;
  let lent: (limitNs: bigint) => void = () => undefined;
  const frames = new WorldFrames((frame) => {
    if (frame.from === 'chip') return;
    if (frame.kind === 'pin') drives(frame);
    else lent(frame.atNs);
  });
  const send = (frame: WorldFrame): void => {
    if (wires.writable) wires.write(encodeWorldFrame(frame));
  };
  return {
    ready,
    chipDrives: (frame) => send({ kind: 'pin', ...frame }),
    onWorldDrives(listener) {
      drives = listener;
      // Only now: what the world drove before is on the wire still.
      wires.on('data', (chunk: Buffer) => {
        // A world that sends something else is cut off: the pins float, the device goes on; virtual time stands still.
        if (!frames.push(chunk)) wires.destroy();
      });
    },
    reached: (atNs) => send({ kind: 'time', from: 'chip', atNs }),
    onLent(listener) {
      lent = listener;
    },
    async plugInRadio() {
      await ready;
      const address = readNote(radioNote)?.trim();
      return address === undefined ? undefined : connectedEnd(address);
    },
    close() {
      wires.destroy();
      setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS).unref();
      return ended;
    },
  };
}

function connectedEnd(path: string): Promise<RelayEnd | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => resolve(relayEnd(socket)));
    // After the connection this does nothing any more.
    socket.on('error', () => resolve(undefined));
  });
}

/** Cuts the stream into frames of their fixed size. */
class WorldFrames {
  readonly #listener: (frame: WorldFrame) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(listener: (frame: WorldFrame) => void) {
    this.#listener = listener;
  }

  /** False: what came is no world frame, and the stream has no meaning any more. */
  push(chunk: Buffer): boolean {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    try {
      for (; this.#rest.length >= WORLD_FRAME_BYTES; this.#rest = this.#rest.subarray(WORLD_FRAME_BYTES)) {
        this.#listener(decodeWorldFrame(new Uint8Array(this.#rest.subarray(0, WORLD_FRAME_BYTES))));
      }
      return true;
    } catch (error) {
      if (isCoded(error)) return false;
      throw error;
    }
  }
}
