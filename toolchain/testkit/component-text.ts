// WebAssembly text of the kit's own making to bytes. Never a text of anybody else's: the tool runs in this process.

/** A core module or a component. Loaded when it is needed: the tool is some megabytes of WebAssembly. */
export async function componentFromText(text: string): Promise<Uint8Array> {
  const { parse } = await import('@bytecodealliance/jco-transpile/wasm-tools');
  return parse(text);
}
