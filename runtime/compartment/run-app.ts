// One high-level app from its verified image to its end. The only way out is an ending: no error of the guest or of its bytes escapes.

import type { TrapFacts } from '../../contracts/core/trap-facts.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import type { Sha256 } from '../../contracts/core/image.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import { decodeImageFiles } from '../../contracts/core/image-files.ts';
import { WASM_PAGE_BYTES } from '../../contracts/core/limits.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { OfferSource } from '../../component/host-interface.ts';
import type { ComponentFunc } from '../../component/abi/context.ts';
import type { Later } from '../../contracts/core/later.ts';
import { offeredName } from '../../contracts/core/semver-name.ts';
import type { Case, FuncType, Value } from '../../component/value-types.ts';
import { PRIMITIVE_TYPES, sameFuncType } from '../../component/value-types.ts';
import type { BlockingStreams, BrokerClient } from '../../host-apis/stubs/broker-pipe.ts';
import { BrokerPipe } from '../../host-apis/stubs/broker-pipe.ts';
import { deviceOffers } from '../../host-apis/stubs/device-offers.ts';
import { UsageTeller } from '../../host-apis/stubs/usage-teller.ts';
import { ExitRequest } from '../../host-apis/stubs/process.ts';
import { wasiWorld } from '../../host-apis/stubs/wasi/wasi-offers.ts';
import { HANDLER_INTERFACE } from '../../host-apis/capabilities.ts';
import { EndWatch, HttpServerError } from '../../host-apis/stubs/wasi/http/http-server.ts';
import { admitImports } from './admit-imports.ts';
import type { DependencyParts } from './app-dependencies.ts';
import { appDependencies } from './app-dependencies.ts';
import { commandArguments, commandEnvironment } from './command-arguments.ts';
import type { LinkLimits, LinkedComponent } from './link.ts';
import { linkComponent } from './link.ts';
import { servingFunction } from './serving-function.ts';
import { trapFacts } from './trap-facts.ts';

export type AppEnding =
  | { readonly kind: 'exit'; readonly exitCode: number }
  | { readonly kind: 'trap'; readonly detail: string; readonly facts?: TrapFacts }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

export interface AppSurroundings {
  /** The image package, as the monitor verified it. */
  readonly readImage: () => Uint8Array;
  readonly broker: BlockingStreams;
  readonly sha256: Sha256;
}

/** Blocks until the app has ended: for a guest that has a thread of its own, in the placements `process` and `worker`. */
export function runApp({ readImage, broker, sha256 }: AppSurroundings): AppEnding {
  let app: LinkedApp;
  try {
    // Read before anything is waited for: whoever started this process is still writing it.
    const image = readImage();
    const pipe = new BrokerPipe(broker);
    pipe.awaitStart();
    app = linkApp({ image, broker: pipe, sha256 });
  } catch (cause) {
    return refusal(cause);
  }
  try {
    app.linked.start();
    return { kind: 'exit', exitCode: Number(app.run.call()) };
  } catch (cause) {
    return endOf(cause);
  }
}

/** World `app` of device.wit. */
const RUN: FuncType = { params: [], result: PRIMITIVE_TYPES.u8 };

/** World `command` of wasi:cli: its exit code is 0 for ok and 1 for an error. */
const WASI_RUN_INTERFACE = 'wasi:cli/run@0.2.0';
const WASI_RUN: FuncType = { params: [], result: { kind: 'result', ok: undefined, error: undefined } };

export interface LinkedApp {
  readonly linked: LinkedComponent;
  readonly run: ComponentFunc;
}

export interface AppToLink {
  readonly image: Uint8Array;
  readonly broker: BrokerClient;
  readonly sha256: Sha256;
}

/** The one way from an image to a linked app, in every placement. Errors: coded, whatever is wrong with the bytes. */
export function linkApp(
  { image, broker: direct, sha256 }: AppToLink,
  limits: Omit<LinkLimits, 'memoryPages'> = {},
): LinkedApp {
  const usage = new UsageTeller(direct);
  const broker = new EndWatch(usage);
  const { grants, manifest, files, component } = decodeImage(image, sha256);
  if (grants === undefined) throw new ComponentError('component-not-a-component', 'the image is no application');
  const sources = { broker, files: decodeImageFiles(files), args: commandArguments(manifest) };
  const environment = commandEnvironment(manifest);
  const wasi = wasiWorld({ ...sources, environment, hasStorage: grants.storageBytes > 0 });
  const offers = eitherOf(wasi.offers, deviceOffers(sources));
  const offersBehind: DependencyParts['offersBehind'] = (narrowed, { storageBytes = 0 }) => {
    const behind = { ...sources, broker: narrowed };
    return eitherOf(wasiWorld({ ...behind, environment, hasStorage: storageBytes > 0 }).offers, deviceOffers(behind));
  };
  const { files: imageFiles } = sources;
  const dependencies = appDependencies({ manifest, grants, files: imageFiles, broker, sha256, offersBehind });
  const supplied = new Set(dependencies.map(({ name }) => name));
  const memoryPages = Math.floor(grants.memoryBytes / WASM_PAGE_BYTES);
  const admit: LinkLimits['admit'] = (definition) => admitImports(definition, grants, supplied);
  const linked = linkComponent(component, offers, { ...limits, memoryPages, admit, dependencies });
  usage.watch(() => linked.use());
  const handler = handlerName(linked);
  if (handler === undefined) return { linked, run: exportedRun(linked, wasi.finish) };
  const serving = servingFunction(linked, handler, { http: wasi.http, broker, tcpServerPorts: grants.tcpServerPorts });
  return { linked, run: finishedRun(serving, Number, wasi.finish) };
}

/** No name is in both. */
function eitherOf(first: OfferSource, second: OfferSource): OfferSource {
  return { get: (name) => first.get(name) ?? second.get(name) };
}

/** Of a component that is there to be served, and not to run. */
function handlerName({ exports }: LinkedComponent): string | undefined {
  const names = [...exports.keys()];
  const runs = names.some((name) => name === 'run' || offeredName(name) === WASI_RUN_INTERFACE);
  return runs ? undefined : names.find((name) => offeredName(name) === HANDLER_INTERFACE);
}

/** `run` of device.wit, or that of a WASI command; either way a function that gives the exit code. */
function exportedRun(linked: LinkedComponent, finish: () => Later<void>): ComponentFunc {
  const command = [...linked.exports.keys()].find((name) => offeredName(name) === WASI_RUN_INTERFACE);
  const isOwn = command === undefined || linked.exports.has('run');
  const run = isOwn ? linked.func('run') : linked.func('run', command);
  const [wanted, words] = isOwn ? ([RUN, 'u8'] as const) : ([WASI_RUN, 'result'] as const);
  if (!sameFuncType(run.type, wanted))
    throw new ComponentError('export-type-mismatch', `run is not func() -> ${words}`);
  return finishedRun(run, isOwn ? Number : (result) => (result as Case).index, finish);
}

/** However it ends, what it wrote and did not end with a line feed is in the log before anybody hears of the end. */
function finishedRun(
  { call, enter }: ComponentFunc,
  exitCodeOf: (result: Value) => number,
  finish: () => Later<void>,
): ComponentFunc {
  const called = (): Value => {
    try {
      return exitCodeOf(call());
    } finally {
      // In this form of call every answer is there at once.
      void finish();
    }
  };
  if (enter === undefined) return { type: RUN, call: called };
  const entered = async (): Promise<Value> => {
    try {
      return exitCodeOf(await enter());
    } finally {
      await finish();
    }
  };
  return { type: RUN, call: called, enter: entered };
}

/** What a running app threw, as its ending. `fuelUsed`: of its meter, when it has one. */
export function endOf(cause: unknown, fuelUsed?: bigint): AppEnding {
  if (cause instanceof ExitRequest) return { kind: 'exit', exitCode: cause.exitCode };
  if (cause instanceof ComponentError || cause instanceof HttpServerError) return refusal(cause);
  return { kind: 'trap', detail: describe(cause), facts: trapFacts(cause, fuelUsed) };
}

/** What was thrown before any guest instruction. */
export function refusal(cause: unknown): AppEnding {
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
