// Makes real components for tests with jco's wasm-tools: from text, or from a WIT world. It must never be imported outside tests.

import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

/** A component (or a core module) from its text format. */
export async function componentFromText(text: string): Promise<Uint8Array> {
  return parse(text);
}

/** wit-component's own output for a world, around a core module that traps in every export and imports all there is. */
export async function dummyComponent(witSource: string, world: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ dummy: true, witSource, world }));
}

/** How a guest that wit-component makes holds its strings. */
export type WitStringEncoding = 'utf8' | 'utf16' | 'compact-utf16';

/** wit-component's output around a core module that was written by hand. */
export async function componentAround(
  coreText: string,
  witSource: string,
  world: string,
  stringEncoding: WitStringEncoding = 'utf8',
): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ binary: await parse(coreText), witSource, world, stringEncoding }));
}
