// The program of one short-lived process around wasm-tools: one job on standard input, its result on standard output. One
// hostile component spoils every later job in a process, so it must never serve two.

import { componentEmbed, componentNew, componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import { ByteReader, concatBytes } from '../../contracts/core/bytes.ts';

/** Job: u32 length of WIT text, WIT text, then the module or component. Answer: u8 (1: done, 0: refused), then bytes or text. */
async function answer(job: string | undefined, input: Uint8Array): Promise<Uint8Array> {
  const reader = new ByteReader(input);
  const witSource = new TextDecoder().decode(reader.bytes(reader.u32()));
  const binary = reader.rest();
  // Reading a component's WIT validates it but for function bodies, which the engine on the device checks as it compiles them.
  if (job === 'validate') return new TextEncoder().encode(await componentWit(binary));
  return componentNew(await componentEmbed({ binary, witSource, world: 'app' }));
}

/** Standard input may be a socket that does not block: only the stream reads all of it. */
async function readAll(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return concatBytes(...chunks);
}

function write(status: number, bytes: Uint8Array): void {
  process.stdout.write(concatBytes(Uint8Array.of(status), bytes));
}

const input = await readAll();
try {
  write(1, await answer(process.argv[2], input));
} catch (error) {
  // A trap is the tool's own death: the process ends with it, and the parent sees no answer.
  if (error instanceof WebAssembly.RuntimeError) throw error;
  write(0, new TextEncoder().encode(error instanceof Error ? error.message : String(error)));
}
