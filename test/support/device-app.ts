// Images of small high-level apps, written by hand as core text against device.wit. It must never be used outside tests.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encodeGrants } from '../../contracts/core/grants.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { encodeImage } from '../../contracts/core/image.ts';
import { encodeImageFiles } from '../../contracts/core/image-files.ts';
import { componentAround } from './components.ts';

/** The text of host-apis/wit/device.wit. */
export const DEVICE_WIT = readFileSync(new URL('../../host-apis/wit/device.wit', import.meta.url), 'utf8');

const APP_ID = '11111111-2222-3333-4444-555555555555' as ComponentId;

/** A bump allocator and two pages of memory, before the text of a module's own functions. Imports come first of all. */
export function coreModule(imports: string, functions: string): string {
  return `(module ${imports}
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (if (local.get 1) (then (memory.copy (local.get $at) (local.get 0)
        (select (local.get 1) (local.get 3) (i32.lt_u (local.get 1) (local.get 3))))))
      (local.get $at))
    ${functions})`;
}

export async function deviceApp(imports: string, functions: string): Promise<Uint8Array> {
  return componentAround(coreModule(imports, functions), DEVICE_WIT, 'app');
}

export interface ImageExtras {
  readonly memoryBytes?: number;
  readonly storageBytes?: number;
  /** Default: pin 9. */
  readonly gpioPins?: readonly number[];
  readonly tcpServerPorts?: readonly number[];
  readonly manifest?: unknown;
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

/** An unsigned application image. */
export function appImage(component: Uint8Array, extras: ImageExtras = {}): Uint8Array {
  const {
    memoryBytes = 256 * 1024,
    gpioPins = [9],
    storageBytes = 0,
    tcpServerPorts = [],
    manifest = { CmdArgs: ['one', 'zwei'] },
    files = new Map(),
  } = extras;
  return encodeImage(
    {
      kind: 'application',
      rollbackIndex: 1,
      componentId: APP_ID,
      grantBytes: encodeGrants({ memoryBytes, gpioPins, storageBytes, tcpServerPorts }),
      manifest: new TextEncoder().encode(JSON.stringify(manifest)),
      component,
      files: encodeImageFiles(files),
    },
    sha256,
  );
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

const GPIO = 'casemate:device/gpio@0.1.0';

/** Opens pin 9, drives it high and low, logs `blink`, drops the pin, and returns 7. */
export const BLINK = {
  imports: `
    (import "${GPIO}" "open-output" (func $open (param i32 i32 i32 i32)))
    (import "${GPIO}" "[method]output.set" (func $set (param i32 i32 i32)))
    (import "${GPIO}" "[resource-drop]output" (func $drop (param i32)))
    (import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))`,
  functions: `
    (data (i32.const 64) "blink")
    (func (export "run") (result i32) (local $pin i32)
      (call $open (i32.const 9) (i32.const 0) (i32.const 1) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.load8_u (i32.const 20)))))
      (local.set $pin (i32.load (i32.const 20)))
      (call $set (local.get $pin) (i32.const 0) (i32.const 32))
      (call $log (i32.const 64) (i32.const 5))
      (call $drop (local.get $pin))
      (i32.const 7))`,
};
