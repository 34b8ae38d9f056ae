// What reading a core module to its last instruction costs, against the engine's own validation of the same bytes: the price of the
// closed list, paid at each start of an app. Never against a module of our own making: a compiler's output is what devices get.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readComponent } from '../../component/binary/read-component.ts';
import { readCoreModule } from '../../component/core/read-core-module.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import type { Benchmark } from '../repo/bench/benchmark.ts';
import { buildApp } from './build-app.ts';
import { sha256 } from './package-app.ts';

const BLINK = join(import.meta.dirname, '../../apps/blink');
const TOOLS = createRequire(import.meta.url).resolve('@bytecodealliance/jco-transpile/wasm-tools');

const benchmark: Benchmark = {
  name: 'read-core',
  run: async ({ row, say, sampleNs }) => {
    const { image } = await buildApp({ folder: BLINK });
    const { definitions } = readComponent(decodeImage(image, sha256).component);
    const blink = definitions.find((definition) => definition.kind === 'core-module');
    if (blink === undefined) throw new Error('apps/blink has no core module');
    const modules = [
      { name: 'apps/blink', bytes: Uint8Array.from(blink.module.bytes), calls: 100 },
      {
        name: 'wasm-tools',
        bytes: Uint8Array.from(readFileSync(join(dirname(TOOLS), '../vendor/wasm-tools.core.wasm'))),
        calls: 1,
      },
    ];
    return modules.map(({ name, bytes, calls }) => {
      say(`${name}: ${bytes.length} bytes`);
      const megabytesPerSecond = (work: () => unknown): number[] =>
        sampleNs(work, { n: 20, calls }).map((ns) => (bytes.length * 1000) / ns);
      const engine = megabytesPerSecond(() => WebAssembly.validate(bytes));
      const samples = megabytesPerSecond(() => readCoreModule(bytes));
      const against = { what: 'WebAssembly.validate', samples: engine };
      return row({ case: `readCoreModule(), ${name}, ${bytes.length} bytes`, unit: 'MB/s', samples, against });
    });
  },
};

export default benchmark;
