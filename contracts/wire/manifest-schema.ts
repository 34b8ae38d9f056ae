// Every key that an Azure Sphere app manifest can have, with its type and limits. Never says what a capability allows: grants do.

import type { IntegerRange } from './json-shape.ts';

/** Keys of the manifest itself, as Azure Sphere's packager and device know them (learn.microsoft.com/azure-sphere/app-development/app-manifest), and one of our own: Dependencies. */
export const MANIFEST_KEYS = [
  'SchemaVersion',
  'Name',
  'ComponentId',
  'EntryPoint',
  'CmdArgs',
  // Not in Azure Sphere, whose apps have no environment: what a WASI program reads with getenv.
  'Environment',
  'Capabilities',
  'ApplicationType',
  'MallocVersion',
  'TargetApplicationRuntimeVersion',
  'TargetBetaApis',
  'Dependencies',
] as const;

export const SCHEMA_VERSION = 1;
/** 1 is the default allocator, 2 the alternative one. Both mean the same here: an app brings its allocator along in its WebAssembly. */
export const MALLOC_VERSIONS: IntegerRange = { min: 1, max: 2 };
/** Any application runtime of Azure Sphere; packaging replaces it by ours. */
export const RUNTIME_VERSIONS: IntegerRange = { min: 1, max: 65_535 };
/** Azure Sphere cuts longer names to 31 characters in the package; this house keeps them whole, up to this bound. */
export const NAME_MAX_CHARACTERS = 255;
export const ENTRY_POINT_MAX_CHARACTERS = 255;
export const CMD_ARGS_MAX_COUNT = 256;
export const ENVIRONMENT_MAX_COUNT = 64;
/** POSIX.1-2017, section 8.1: what every program may count on. */
export const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
export const ENVIRONMENT_VALUE_MAX_CHARACTERS = 1024;

/** `Default` is a high-level app, `RealTimeCapable` one for an M4 core. */
export const APPLICATION_TYPES = ['Default', 'RealTimeCapable'] as const;

/** How a capability is written. `names`: "$NAME" of a hardware definition, or the chip's own name. */
export type CapabilityShape =
  | { readonly kind: 'flag' }
  | { readonly kind: 'pins' }
  | { readonly kind: 'names'; readonly chip: RegExp; readonly example: string }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'hosts' }
  | { readonly kind: 'ports' }
  | { readonly kind: 'components' }
  | { readonly kind: 'tenant' }
  | { readonly kind: 'storage' };

const FLAG: CapabilityShape = { kind: 'flag' };
const ISU: CapabilityShape = { kind: 'names', chip: /^ISU[0-4]$/, example: 'ISU0' };

/** Every capability by its key. `granted`: this version has a grant for it; all others are known and refused when asked for. */
export const CAPABILITIES: Readonly<Record<string, { readonly shape: CapabilityShape; readonly granted?: true }>> = {
  AllowedConnections: { shape: { kind: 'hosts' }, granted: true },
  AllowedTcpServerPorts: { shape: { kind: 'ports' }, granted: true },
  AllowedUdpServerPorts: { shape: { kind: 'ports' }, granted: true },
  AllowedApplicationConnections: { shape: { kind: 'components' } },
  Gpio: { shape: { kind: 'pins' }, granted: true },
  Uart: { shape: ISU },
  I2cMaster: { shape: ISU },
  SpiMaster: { shape: ISU },
  Pwm: { shape: { kind: 'names', chip: /^PWM-CONTROLLER-[0-2]$/, example: 'PWM-CONTROLLER-0' } },
  Adc: { shape: { kind: 'names', chip: /^ADC-CONTROLLER-0$/, example: 'ADC-CONTROLLER-0' } },
  I2sSubordinate: { shape: { kind: 'names', chip: /^I2S[01]$/, example: 'I2S0' } },
  ExternalInterrupt: { shape: { kind: 'names', chip: /^EINT(?:[0-9]|1[0-9]|2[0-3])$/, example: 'EINT12' } },
  MutableStorage: { shape: { kind: 'storage' }, granted: true },
  DeviceAuthentication: { shape: { kind: 'tenant' } },
  WifiConfig: { shape: FLAG },
  EnterpriseWifiConfig: { shape: FLAG },
  CertStore: { shape: FLAG },
  NetworkConfig: { shape: FLAG },
  ReadNetworkProxyConfig: { shape: FLAG },
  HardwareAddressConfig: { shape: FLAG },
  TimeSyncConfig: { shape: FLAG },
  SystemTime: { shape: FLAG },
  SntpService: { shape: FLAG },
  DhcpService: { shape: FLAG },
  SystemEventNotifications: { shape: FLAG },
  SoftwareUpdateDeferral: { shape: FLAG },
  PowerControls: { shape: { kind: 'words', words: ['ForceReboot', 'ForcePowerDown', 'SetPowerProfile'] } },
  ResetMemoryWatermarks: { shape: FLAG },
  HeapMemStats: { shape: FLAG },
};

export const CAPABILITY_KEYS: readonly string[] = Object.keys(CAPABILITIES);

/** The capabilities that compile to grants in this version. */
export const GRANTED_CAPABILITIES: readonly string[] = CAPABILITY_KEYS.filter(
  (key) => CAPABILITIES[key]?.granted === true,
);

/** Azure Sphere's published maximum is 64 KiB for one app. */
export const MUTABLE_STORAGE_KB: IntegerRange = { min: 0, max: 64 };
export const PORTS: IntegerRange = { min: 1, max: 65_535 };
