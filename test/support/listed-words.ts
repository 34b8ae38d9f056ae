// What wasm-tools sees in a core module that is not of WebAssembly 2.0: a second reader, written by others, as the oracle for our own. It
// must never learn the list from our code.

import { print } from '@bytecodealliance/jco-transpile/wasm-tools';

/** Words of the text format that belong to features after 2.0. */
const UNLISTED =
  /atomic|relaxed|^(try|try_table|catch.*|delegate|rethrow|throw|throw_ref|tag|exnref|return_call.*|call_ref|br_on_.*|struct.*|array.*|i31.*|rec|sub|cont.*|resume.*|suspend|switch|shared|pagesize|ref\.(eq|test|cast.*|as_non_null|i31|get_desc.*)|any\..*|extern\..*|string.*|anyref|eqref|.*add128|.*sub128|.*mul_wide.*)$/;

/** Each once, in the order of their places. */
export async function unlistedWords(module: Uint8Array): Promise<readonly string[]> {
  const text = (await print(module)).replace(/;;.*|\(;.*?;\)|\(@.*|"(?:\\.|[^"\\])*"/g, '');
  const words = text.match(/[^\s()]+/g) ?? [];
  return [...new Set(words.filter((word) => UNLISTED.test(word)))];
}
