// The program of one short-lived process that looks one component over: the component on standard input, the verdict on standard
// output. One hostile component spoils every later one in a process, so it must never look at two.

import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';

/** Standard input may be a socket that does not block: only the stream reads all of it. */
async function readAll(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return new Uint8Array(Buffer.concat(chunks));
}

const component = await readAll();
try {
  // Reading a component's WIT validates it but for function bodies, which the engine on the device checks as it compiles them.
  await componentWit(component);
  process.stdout.write('valid\n');
} catch (error) {
  // A trap is the tool's own death: the process ends with it, and the parent reads no verdict.
  if (error instanceof WebAssembly.RuntimeError) throw error;
  process.stdout.write(`invalid ${error instanceof Error ? error.message : String(error)}\n`);
}
