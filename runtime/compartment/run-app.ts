// One high-level app from its verified image to its end. The only way out is an ending: no error of the guest or of its bytes escapes.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { Sha256 } from '../../contracts/core/image.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import { decodeImageFiles } from '../../contracts/core/image-files.ts';
import { WASM_PAGE_BYTES } from '../../contracts/core/limits.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { ComponentFunc } from '../../component/abi/context.ts';
import type { FuncType } from '../../component/value-types.ts';
import { PRIMITIVE_TYPES, sameFuncType } from '../../component/value-types.ts';
import type { BlockingStreams } from '../../host-apis/stubs/broker-pipe.ts';
import { BrokerPipe } from '../../host-apis/stubs/broker-pipe.ts';
import { deviceOffers } from '../../host-apis/stubs/device-offers.ts';
import { ExitRequest } from '../../host-apis/stubs/process.ts';
import { commandArguments } from './command-arguments.ts';
import type { LinkedComponent } from './link.ts';
import { linkComponent } from './link.ts';

export type AppEnding =
  | { readonly kind: 'exit'; readonly exitCode: number }
  | { readonly kind: 'trap'; readonly detail: string }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

export interface AppSurroundings {
  /** The image package, as the monitor verified it. */
  readonly readImage: () => Uint8Array;
  readonly broker: BlockingStreams;
  readonly sha256: Sha256;
}

/** Blocks until the app has ended. */
export function runApp(surroundings: AppSurroundings): AppEnding {
  let linked: LinkedComponent;
  let run: ComponentFunc;
  try {
    linked = linkApp(surroundings);
    run = exportedRun(linked);
  } catch (cause) {
    return refusal(cause);
  }
  try {
    linked.start();
    return { kind: 'exit', exitCode: Number(run.call()) };
  } catch (cause) {
    if (cause instanceof ExitRequest) return { kind: 'exit', exitCode: cause.exitCode };
    if (cause instanceof ComponentError) return refusal(cause);
    return { kind: 'trap', detail: describe(cause) };
  }
}

/** World `app` of device.wit. */
const RUN: FuncType = { params: [], result: PRIMITIVE_TYPES.u8 };

function linkApp({ readImage, broker, sha256 }: AppSurroundings): LinkedComponent {
  // Read before anything is waited for: whoever started this process is still writing it.
  const image = readImage();
  const pipe = new BrokerPipe(broker);
  pipe.awaitStart();
  const { grants, manifest, files, component } = decodeImage(image, sha256);
  if (grants === undefined) throw new ComponentError('component-not-a-component', 'the image is no application');
  const offers = deviceOffers({ pipe, files: decodeImageFiles(files), args: commandArguments(manifest) });
  return linkComponent(component, offers, { memoryPages: Math.floor(grants.memoryBytes / WASM_PAGE_BYTES) });
}

function exportedRun(linked: LinkedComponent): ComponentFunc {
  const run = linked.func('run');
  if (!sameFuncType(run.type, RUN)) throw new ComponentError('export-type-mismatch', 'run is not func() -> u8');
  return run;
}

function refusal(cause: unknown): AppEnding {
  if (cause instanceof CodedError) return { kind: 'refused', code: String(cause.code), detail: cause.message };
  return { kind: 'refused', code: 'runner-failed', detail: describe(cause) };
}

/** A RuntimeError's stack names the wasm functions; the frames of the runner below them say nothing about the guest. */
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const frames = (cause.stack ?? '').split('\n').filter((line) => line.includes('wasm'));
  const code = cause instanceof CodedError ? `${String(cause.code)}: ` : '';
  return [`${code}${cause.message}`, ...frames.map((frame) => frame.trim())].join('\n');
}
