// The device link: what an attached computer says to the OS over the service UART. Never reaches the monitor itself.

import { Packr, Unpackr } from 'msgpackr';
import { CodedError } from '../core/coded-error.ts';
import { concatBytes, ByteWriter } from '../core/bytes.ts';
import { DEVICE_LINK_FRAME_MAX_BYTES } from '../core/limits.ts';

/** Every frame: u32 length (little-endian) of what follows, then one MessagePack map: a request, a reply or an event. */
export interface LinkRequest {
  readonly id: number;
  readonly method: LinkMethod;
  readonly params: Readonly<Record<string, unknown>>;
}
export type LinkReply =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: LinkErrorBody };
export interface LinkErrorBody {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}
export interface LinkEvent {
  readonly event: DeviceEvent;
}

/** The closed list of methods; those marked `free` answer without the appDevelopment right, as Azure Sphere's do. */
export const LINK_METHODS = {
  /** → DeviceDescription */
  'device.show': 'free',
  /** → FirewallDescription */
  'firewall.show': 'free',
  /** {file: bytes} → {} */
  'capability.apply': 'free',
  /** {} → {} */
  'capability.remove': 'free',
  /** {} → {events: DeviceEvent[], dropped: number}: the audit trail, oldest first */
  'audit.list': 'free',
  /** {} → {}; from now on events arrive on this link */
  'events.subscribe': 'free',
  /** {} → {images: InstalledImage[]} */
  'image.list': 'free',
  /** {length} → {} */
  'image.begin': 'appDevelopment',
  /** {offset, bytes} → {} */
  'image.write': 'appDevelopment',
  /** {start: boolean} → {image: InstalledImage} */
  'image.install': 'appDevelopment',
  /** {componentId} → {} */
  'image.delete': 'appDevelopment',
  /** {componentId} → {app: AppStatus} */
  'app.start': 'appDevelopment',
  /** {componentId} → {app: AppStatus}, when the app is gone */
  'app.stop': 'appDevelopment',
  /** {} → {apps: AppStatus[]} */
  'app.status': 'free',
  /** {} → {crashes: CrashRecord[]}: the newest, oldest first */
  'app.crashes': 'free',
  /** {} → {apps: AppMemoryStats[]} */
  'app.memory-stats': 'free',
  /** {nonce: bytes} → {evidence: bytes}: signed by the device, without any certificate key */
  'evidence.collect': 'free',
  /** {host, port} → {}: where the service is; whom the device believes is fixed in its keystore */
  'service.configure': 'free',
  /** {} → ServiceStatus */
  'service.status': 'free',
  /** {} → ServiceStatus, after an attestation that begins now */
  'service.attest': 'free',
  /** {} → UpdateOutcome, after a look for updates that begins now */
  'update.check': 'free',
  /** {} → TargetedImages: what the director last wanted on this device */
  'update.targeted': 'free',
  /** {} → {}; the device resets */
  restart: 'appDevelopment',
} as const;
export type LinkMethod = keyof typeof LINK_METHODS;

export interface DeviceDescription {
  readonly deviceId: string;
  readonly lifecycle: 'Blank' | 'Module1Complete' | 'DeviceComplete';
  readonly board: string;
  readonly osVersion: string;
  readonly uptimeMs: number;
  readonly rights: readonly string[];
  readonly capabilitySerial: string;
  readonly measurements: readonly {
    readonly stage: string;
    readonly digest: string;
    readonly rollbackIndex: number;
    readonly name: string;
  }[];
  /** Lines of the log that are not in `measurements`: the boot's come first, then the newest that fit one frame. */
  readonly measurementsDropped: number;
}

export interface InstalledImage {
  readonly componentId: string;
  readonly imageId: string;
  readonly name: string;
  readonly version: string;
  readonly rollbackIndex: number;
  readonly sizeBytes: number;
  readonly trust: 'development' | 'service';
}

/** `crashed` waits for its restart; `failed` was given up after a crash loop. */
export type AppState = 'stopped' | 'starting' | 'running' | 'stopping' | 'crashed' | 'failed';

export const APP_PLACEMENTS = ['process', 'worker', 'thread'] as const;
export type AppPlacement = (typeof APP_PLACEMENTS)[number];

export interface AppStatus {
  readonly componentId: string;
  readonly name: string;
  readonly state: AppState;
  readonly restarts: number;
  readonly context: number | null;
  /** Alone in a process, or with others of its signer: each in a worker, or all in one thread. `null` while it does not run. */
  readonly placement: AppPlacement | null;
  readonly memoryLimitBytes: number;
  readonly lastEnd: AppEnd | null;
}

/** What an app may use up. The order is that in which people are shown them. */
export const APP_RESOURCES = [
  'memory',
  'tables',
  'handles',
  'buffers',
  'log',
  'storage',
  'process',
  'processor',
] as const;
export type AppResource = (typeof APP_RESOURCES)[number];

/**
 * One app's budget; `resources` is empty while it does not run. `process` (its whole process on this host) and `processor` are there
 * where the host counts them and the app has a process of its own.
 */
export interface AppMemoryStats {
  readonly componentId: string;
  readonly name: string;
  readonly resources: readonly ResourceUse[];
}

export interface ResourceUse {
  readonly resource: AppResource;
  readonly unit: 'bytes' | 'entries' | 'handles' | 'ms';
  readonly used: number;
  /** `null`: what holds it is no amount (a share of the processor), or not the device's to tell (the host's walls). */
  readonly limit: number | null;
  /** The most since the app was started; `null`: the host does not tell. */
  readonly peak: number | null;
}

export interface AppEnd {
  /** `exit`: by itself; `trap`: a WebAssembly trap; `killed`: from outside; `refused`: before the first guest instruction. */
  readonly reason: 'exit' | 'trap' | 'killed' | 'refused';
  readonly exitCode: number | null;
  /** Trap message or refusal code. */
  readonly detail: string;
}

export interface FirewallDescription {
  readonly rows: readonly {
    readonly name: string;
    readonly master: string;
    readonly contexts: readonly number[];
    readonly base: number;
    readonly size: number;
    readonly access: string;
    readonly locked: boolean;
  }[];
  readonly violations: number;
}

/**
 * How the last attempt to attest ended; certificates of an earlier one may be valid still. `waiting`: for the first attempt, or the
 * next, and there is no certificate. `unclaimed`: the service knows the device and it belongs to no catalog. `refused`: by the service,
 * or by the device what came as the service's.
 */
export type ServiceState = 'unconfigured' | 'waiting' | 'attested' | 'unclaimed' | 'refused' | 'unreachable';

export interface ServiceStatus {
  readonly state: ServiceState;
  readonly service: { readonly host: string; readonly port: number } | null;
  /** GUID of the catalog, once the device was claimed. */
  readonly catalogId: string | null;
  /** The monitor's time, ISO 8601; `null` before the service's first answer since power-on. */
  readonly trustedTime: string | null;
  readonly certificates: readonly DeviceCertificate[];
  /** Of the last attempt that failed, until one succeeds. `claim`: the claim of the evidence that the service did not accept. */
  readonly lastError: { readonly code: string; readonly message: string; readonly claim: string | null } | null;
  readonly nextAttemptInSeconds: number | null;
}

export interface DeviceCertificate {
  readonly purpose: 'update' | 'customer';
  /** Hex. */
  readonly serial: string;
  readonly subject: string;
  readonly subjectAltName: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** PEM: device certificate and the CAs up to the root, which is not in it. */
  readonly chain: string;
}

/** `development`: the appDevelopment right blocks updates of apps, as on Azure Sphere. */
export interface UpdateOutcome {
  readonly outcome: 'installed' | 'up-to-date' | 'no-deployment' | 'refused' | 'development';
  readonly deploymentId: string | null;
  readonly installed: readonly { readonly componentId: string; readonly imageId: string }[];
  /** Images that the device did not take, and why; what ran before runs on. */
  readonly refused: readonly {
    readonly componentId: string;
    readonly imageId: string;
    readonly code: string;
    readonly message: string;
  }[];
}

export interface TargetedImages {
  readonly deploymentId: string | null;
  readonly images: readonly {
    readonly componentId: string;
    readonly imageId: string;
    readonly rollbackIndex: number;
    readonly sizeBytes: number;
  }[];
}

interface EventBase {
  /** Milliseconds since power-on. */
  readonly t: number;
}
/**
 * What happens on the device, as `casemate run` streams it. `app` is the manifest's Name, which every author is free to choose:
 * `componentId` says which app it was. A `limit` of the device itself has both empty.
 */
export type DeviceEvent = EventBase &
  (
    | { readonly kind: 'log'; readonly app: string; readonly componentId: string; readonly message: string }
    | {
        readonly kind: 'denied';
        readonly app: string;
        readonly componentId: string;
        readonly interface: string;
        readonly function: string;
        readonly resource: string;
        readonly error: string;
        readonly layer: 'broker' | 'firewall';
      }
    | {
        readonly kind: 'violation';
        readonly master: string;
        readonly context: number;
        readonly region: string;
        readonly address: number;
        readonly access: string;
      }
    | { readonly kind: 'started'; readonly app: string; readonly componentId: string; readonly context: number }
    | {
        readonly kind: 'exit';
        readonly app: string;
        readonly componentId: string;
        readonly code: number | null;
        readonly reason: AppEnd['reason'];
        /** The refusal code, where it was refused. */
        readonly detail?: string;
      }
    /** A port of the app is open; `hostPort` is where this host reaches it (127.0.0.1), 0: nowhere. */
    | {
        readonly kind: 'listening';
        readonly app: string;
        readonly componentId: string;
        readonly protocol: 'tcp' | 'udp';
        readonly port: number;
        readonly hostPort: number;
      }
    | { readonly kind: 'trap'; readonly app: string; readonly componentId: string; readonly detail: string }
    | {
        readonly kind: 'limit';
        readonly app: string;
        readonly componentId: string;
        readonly limit: string;
        readonly used: number;
        readonly allowed: number;
      }
    | {
        readonly kind: 'update';
        readonly app: string;
        readonly componentId: string;
        readonly imageId: string;
        /** `installed`, `removed` (its component is not in the deployment), or the code that it was refused with. */
        readonly outcome: string;
      }
    | { readonly kind: 'service'; readonly state: ServiceState; readonly code: string }
    /** A crash loop was ended: this is what a failure report is made of. */
    | {
        readonly kind: 'failure';
        readonly app: string;
        readonly componentId: string;
        readonly restarts: number;
        readonly lastEnd: AppEnd;
      }
  );

export type LinkErrorCode =
  | 'link-frame-malformed'
  | 'link-frame-too-large'
  | 'link-method-unknown'
  | 'link-params-wrong'
  | 'right-missing'
  /** Too many such requests at once, or in too short a time; nothing was done. */
  | 'link-busy';
export class LinkError extends CodedError<LinkErrorCode> {}

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

/** With its length word. Errors: `link-frame-too-large`. */
export function encodeLinkFrame(message: LinkRequest | LinkReply | LinkEvent): Uint8Array {
  const body = packr.pack(message);
  if (body.length > DEVICE_LINK_FRAME_MAX_BYTES)
    throw new LinkError('link-frame-too-large', `a frame of ${body.length} bytes`);
  return concatBytes(new ByteWriter().u32(body.length).finish(), body);
}

/** A frame without its length word, of any origin. Errors: `link-frame-malformed`, `link-method-unknown`. */
export function decodeLinkFrame(frame: Uint8Array): LinkRequest | LinkReply | LinkEvent {
  let message: unknown;
  try {
    message = unpackr.unpack(frame);
  } catch (cause) {
    throw new LinkError('link-frame-malformed', 'not one MessagePack value', { cause });
  }
  if (!isRecord(message)) throw new LinkError('link-frame-malformed', 'not a map');
  if (isRecord(message['event'])) return { event: message['event'] as unknown as DeviceEvent };
  if (typeof message['id'] !== 'number') throw new LinkError('link-frame-malformed', 'no id');
  if (typeof message['method'] === 'string') return linkRequest(message['id'], message['method'], message['params']);
  if (message['ok'] === true) return { id: message['id'], ok: true, result: message['result'] };
  if (message['ok'] === false && isRecord(message['error'])) {
    return { id: message['id'], ok: false, error: message['error'] as unknown as LinkErrorBody };
  }
  throw new LinkError('link-frame-malformed', 'neither request, reply nor event');
}

function linkRequest(id: number, method: string, params: unknown): LinkRequest {
  if (!Object.hasOwn(LINK_METHODS, method))
    throw new LinkError('link-method-unknown', `no method ${method}`, { details: { id } });
  if (!isRecord(params)) throw new LinkError('link-frame-malformed', 'params is not a map', { details: { id } });
  return { id, method: method as LinkMethod, params };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
