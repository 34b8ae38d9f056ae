// One forbidden import per row, to prove that the layer rules can go red. A row must never be dropped when a rule
// changes: it is the list of what the house promises.

export type LayerCanary = {
  /** Where the file lies; its folder is a real layer's. */
  readonly at: string;
  /** What it says. Every layer folder has a file `target.ts` to import. */
  readonly says: string;
  /** The rule that must name it. */
  readonly rule: string;
};

const imports = (specifier: string): string => `import { target } from '${specifier}';\nexport const seen = target;\n`;
const importsType = (specifier: string): string =>
  `import type { Target } from '${specifier}';\nexport type Seen = Target;\n`;
const importsModule = (specifier: string): string => `import * as seen from '${specifier}';\nexport { seen };\n`;

/** The folders that get a `target.ts`. */
export const TARGET_FOLDERS: readonly string[] = [
  'contracts/core',
  'contracts/wire',
  'component',
  'host-apis',
  'host-apis/stubs',
  'host-apis/broker',
  'runtime/hil',
  'runtime/soc',
  'runtime/world',
  'runtime/monitor',
  'runtime/monitor/abi',
  'runtime/os',
  'runtime/compartment',
  'runtime/realtime',
  'runtime/adapters',
  'runtime/board',
  'as3/domain',
  'as3/store',
  'as3/http',
  'as3/main',
  'toolchain/sdk',
  'toolchain/build',
  'toolchain/cli',
  'toolchain/repo',
  'apps/blink',
  'apps/other',
  'rt-firmware',
  'test/support',
];

export const LAYER_CANARIES: readonly LayerCanary[] = [
  // contracts/core is all that the monitor may read, so it stands on nothing.
  { at: 'contracts/core/a.ts', says: imports('../wire/target.ts'), rule: 'core-may-not-import' },
  { at: 'contracts/core/b.ts', says: importsModule('msgpackr'), rule: 'core-npm' },
  { at: 'contracts/core/c.ts', says: importsModule('node:crypto'), rule: 'core-node-builtins' },
  { at: 'contracts/core/d.ts', says: importsType('../../runtime/hil/target.ts'), rule: 'core-may-not-import' },
  // contracts/wire: formats, no code of a side.
  { at: 'contracts/wire/a.ts', says: imports('../../component/target.ts'), rule: 'wire-may-not-import' },
  { at: 'contracts/wire/b.ts', says: importsModule('commander'), rule: 'wire-npm' },
  { at: 'contracts/wire/c.ts', says: importsModule('buffer'), rule: 'wire-node-builtins' },
  // component: reads hostile bytes on device, service and desk, so it may not even know a wire format.
  { at: 'component/a.ts', says: imports('../contracts/wire/target.ts'), rule: 'component-may-not-import' },
  { at: 'component/b.ts', says: importsModule('node:fs'), rule: 'component-node-builtins' },
  // host-apis: the guest's side of the pipe never holds the side that decides.
  { at: 'host-apis/a.ts', says: imports('./broker/target.ts'), rule: 'hostApis-may-not-import' },
  { at: 'host-apis/capabilities.ts', says: imports('./target.ts'), rule: 'capabilities-may-not-import' },
  { at: 'host-apis/stubs/a.ts', says: imports('../broker/target.ts'), rule: 'stubs-may-not-import' },
  { at: 'host-apis/stubs/b.ts', says: importsType('../broker/target.ts'), rule: 'stubs-may-not-import' },
  { at: 'host-apis/broker/a.ts', says: imports('../stubs/target.ts'), rule: 'broker-may-not-import' },
  { at: 'host-apis/broker/b.ts', says: imports('../../runtime/os/target.ts'), rule: 'broker-may-not-import' },
  // runtime/hil: types of the hardware, which know no user of it.
  { at: 'runtime/hil/a.ts', says: imports('../soc/target.ts'), rule: 'hil-may-not-import' },
  { at: 'runtime/hil/b.ts', says: importsType('../../contracts/wire/target.ts'), rule: 'hil-may-not-import' },
  // runtime/soc: replayable, so no clock, file or randomness of its own.
  { at: 'runtime/soc/a.ts', says: imports('../world/target.ts'), rule: 'soc-may-not-import' },
  { at: 'runtime/soc/b.ts', says: importsModule('node:crypto'), rule: 'soc-node-builtins' },
  { at: 'runtime/soc/c.ts', says: importsModule('@noble/hashes/sha2.js'), rule: 'soc-npm' },
  { at: 'runtime/world/a.ts', says: imports('../soc/target.ts'), rule: 'world-may-not-import' },
  // runtime/monitor: the trusted base. No WebAssembly, no JSON formats, no msgpack, no network, no OS.
  { at: 'runtime/monitor/a.ts', says: imports('../os/target.ts'), rule: 'monitor-may-not-import' },
  { at: 'runtime/monitor/b.ts', says: importsType('../../contracts/wire/target.ts'), rule: 'monitor-may-not-import' },
  { at: 'runtime/monitor/c.ts', says: imports('../../component/target.ts'), rule: 'monitor-may-not-import' },
  { at: 'runtime/monitor/d.ts', says: imports('../soc/target.ts'), rule: 'monitor-may-not-import' },
  { at: 'runtime/monitor/e.ts', says: importsModule('msgpackr'), rule: 'monitor-npm' },
  { at: 'runtime/monitor/f.ts', says: importsModule('node:net'), rule: 'monitor-node-builtins' },
  { at: 'runtime/monitor/abi/a.ts', says: imports('../target.ts'), rule: 'monitorAbi-may-not-import' },
  // runtime/os: may not start a process, nor reach the secure world but by its two doors.
  { at: 'runtime/os/a.ts', says: imports('../monitor/target.ts'), rule: 'os-may-not-import' },
  { at: 'runtime/os/b.ts', says: importsModule('node:child_process'), rule: 'os-node-builtins' },
  { at: 'runtime/os/c.ts', says: imports('../soc/target.ts'), rule: 'os-may-not-import' },
  { at: 'runtime/os/d.ts', says: imports('../adapters/target.ts'), rule: 'os-may-not-import' },
  { at: 'runtime/os/e.ts', says: imports('../../as3/domain/target.ts'), rule: 'os-may-not-import' },
  // runtime/compartment: runs hostile code, so it can name neither the broker nor the machine.
  {
    at: 'runtime/compartment/a.ts',
    says: imports('../../host-apis/broker/target.ts'),
    rule: 'compartment-may-not-import',
  },
  { at: 'runtime/compartment/b.ts', says: imports('../hil/target.ts'), rule: 'compartment-may-not-import' },
  { at: 'runtime/compartment/c.ts', says: importsModule('node:fs'), rule: 'compartment-node-builtins' },
  {
    at: 'runtime/compartment/d.ts',
    says: "export const fs = process.getBuiltinModule('node:fs');\n",
    rule: 'compartment-node-builtins',
  },
  {
    at: 'runtime/compartment/e.ts',
    says: "export const later = () => import('../os/target.ts');\n",
    rule: 'compartment-may-not-import',
  },
  {
    at: 'runtime/compartment/f.ts',
    says: "export type Sly = import('../os/target.ts').Target;\n",
    rule: 'compartment-may-not-import',
  },
  {
    at: 'runtime/compartment/g.ts',
    says: "export { target } from '../os/target.ts';\n",
    rule: 'compartment-may-not-import',
  },
  { at: 'runtime/realtime/a.ts', says: imports('../os/target.ts'), rule: 'realtime-may-not-import' },
  { at: 'runtime/realtime/b.ts', says: importsModule('node:timers'), rule: 'realtime-node-builtins' },
  // runtime/adapters and board: node rights, but not each other's secrets.
  { at: 'runtime/adapters/a.ts', says: imports('../monitor/target.ts'), rule: 'adapters-may-not-import' },
  { at: 'runtime/board/a.ts', says: imports('../../toolchain/cli/target.ts'), rule: 'board-may-not-import' },
  { at: 'runtime/board/b.ts', says: importsModule('node:child_process'), rule: 'board-node-builtins' },
  { at: 'runtime/board/c.ts', says: importsModule('commander'), rule: 'board-npm' },
  // as3: the service and the device meet on the wire only.
  { at: 'as3/domain/a.ts', says: imports('../../runtime/monitor/target.ts'), rule: 'as3Domain-may-not-import' },
  { at: 'as3/domain/b.ts', says: imports('../store/target.ts'), rule: 'as3Domain-may-not-import' },
  { at: 'as3/domain/c.ts', says: importsModule('node:http'), rule: 'as3Domain-node-builtins' },
  { at: 'as3/domain/d.ts', says: imports('../../host-apis/broker/target.ts'), rule: 'as3Domain-may-not-import' },
  { at: 'as3/store/a.ts', says: imports('../http/target.ts'), rule: 'as3Store-may-not-import' },
  { at: 'as3/http/a.ts', says: imports('../store/target.ts'), rule: 'as3Http-may-not-import' },
  { at: 'as3/http/b.ts', says: importsModule('node:fs'), rule: 'as3Http-node-builtins' },
  { at: 'as3/web/a.ts', says: imports('../domain/target.ts'), rule: 'as3Web-may-not-import' },
  { at: 'as3/web/b.ts', says: importsModule('node:fs'), rule: 'as3Web-node-builtins' },
  { at: 'as3/adapters/a.ts', says: imports('../../runtime/adapters/target.ts'), rule: 'as3Adapters-may-not-import' },
  { at: 'as3/main/a.ts', says: imports('../../runtime/board/target.ts'), rule: 'as3Main-may-not-import' },
  // toolchain: reaches a device through a board or the wire, the service through the wire.
  { at: 'toolchain/cli/a.ts', says: imports('../../as3/main/target.ts'), rule: 'toolchain-may-not-import' },
  { at: 'toolchain/cli/b.ts', says: imports('../../runtime/soc/target.ts'), rule: 'toolchain-may-not-import' },
  { at: 'toolchain/build/a.ts', says: imports('../../runtime/os/target.ts'), rule: 'toolchain-may-not-import' },
  { at: 'toolchain/factory/a.ts', says: imports('../../runtime/monitor/target.ts'), rule: 'toolchain-may-not-import' },
  { at: 'toolchain/sdk/a.ts', says: imports('../build/target.ts'), rule: 'sdk-may-not-import' },
  { at: 'toolchain/repo/a.ts', says: imports('../cli/target.ts'), rule: 'repo-may-not-import' },
  // apps and firmware: what a customer's code could import, and no more.
  { at: 'apps/blink/a.ts', says: imports('../other/target.ts'), rule: 'apps-are-islands' },
  { at: 'apps/blink/b.ts', says: imports('../../host-apis/target.ts'), rule: 'apps-may-not-import' },
  { at: 'apps/blink/c.ts', says: importsModule('node:fs'), rule: 'apps-node-builtins' },
  { at: 'rt-firmware/a.ts', says: imports('../runtime/realtime/target.ts'), rule: 'firmware-may-not-import' },
  // everywhere.
  { at: 'toolchain/cli/c.ts', says: imports('../../test/support/target.ts'), rule: 'nobody-imports-tests' },
  { at: 'runtime/os/f.ts', says: imports('./no-such-file.ts'), rule: 'resolves' },
  { at: 'runtime/os/cycle-a.ts', says: imports('./cycle-b.ts'), rule: 'no-cycle' },
];

/** The other half of the cycle, which is named once. */
export const CYCLE_PARTNER = { at: 'runtime/os/cycle-b.ts', says: "export { seen as target } from './cycle-a.ts';\n" };

/** Imports of the same kinds that the table allows; none may be named, or the rules refuse everything. */
export const LEGAL_IMPORTS: readonly Omit<LayerCanary, 'rule'>[] = [
  { at: 'contracts/wire/legal.ts', says: imports('../core/target.ts') + "export { pack } from 'msgpackr';\n" },
  { at: 'component/legal.ts', says: imports('../contracts/core/target.ts') },
  { at: 'host-apis/stubs/legal.ts', says: imports('../../component/target.ts') },
  {
    at: 'runtime/monitor/legal.ts',
    says: imports('./abi/target.ts') + "export { sha256 } from '@noble/hashes/sha2.js';\n",
  },
  { at: 'runtime/os/legal.ts', says: imports('../monitor/abi/target.ts') + "export * from '@tufjs/models';\n" },
  { at: 'runtime/adapters/legal.ts', says: importsModule('node:child_process') },
  { at: 'runtime/board/legal.ts', says: imports('../monitor/target.ts') },
  { at: 'as3/domain/legal.ts', says: "export * from '@tufjs/models';\n" },
  { at: 'as3/store/legal.ts', says: imports('../domain/target.ts') + "export * from 'node:sqlite';\n" },
  { at: 'toolchain/factory/legal.ts', says: imports('../../runtime/board/target.ts') },
  { at: 'apps/blink/legal.ts', says: "import { wait } from 'casemate:device/clock';\nexport { wait };\n" },
  { at: 'runtime/os/legal.test.ts', says: imports('../../as3/domain/target.ts') },
  { at: 'test/support/legal.ts', says: imports('../../runtime/soc/target.ts') },
];
