// The bounds of what is read and linked, so that a small hostile component cannot make big work. Never per board.

/** Nesting of components, instance types and component types. wasm-tools' own output nests 3 deep. */
export const MAX_NESTING = 16;
/** Entries of any one vector, and of any one index space. The engine's own bound on types is a million. */
export const MAX_ENTRIES = 10_000;
/** Definitions and type declarations of a whole file, nested ones included. */
export const MAX_DEFINITIONS = 100_000;
export const MAX_NAME_BYTES = 4096;
/** How deep value types nest; wasmtime has 100. Lifting recurses this deep on the host's stack. */
export const MAX_TYPE_DEPTH = 64;
/** Bytes that a value takes in memory without what it points to; wasmtime bounds a type's size at a million nodes. */
export const MAX_TYPE_BYTES = 1024 * 1024;
/** Component and core instances that one link makes, counted over all levels. */
export const MAX_INSTANCES = 256;
/** Steps of elaboration over all instances: what nesting multiplies is bounded here. */
export const MAX_LINK_WORK = 500_000;
/** Imports and exports of core instances are worth so many steps each: the engine and the linker keep an object for every one. */
export const CORE_EXTERN_WORK = 8;
/** What core instances begin with, over all of one link: entries of element segments, globals, and bytes of data by the 128. */
export const MAX_INITIAL_ENTRIES = 1_000_000;
/** Bytes of values that all calls of an app which have not ended may have lifted: lists of lists over the same bytes multiply without end. */
export const MAX_LIFTED_BYTES = 16 * 1024 * 1024;
/** Handles of all component instances of an app: the canonical ABI allows 2^28; the host is not to hold that many. */
export const MAX_HANDLES = 65_536;
/** Locals of a function, its parameters included: the engine's own bound (WebAssembly JavaScript API, "Limits"), as the next two are. */
export const MAX_LOCALS = 50_000;
export const MAX_FUNCTION_BYTES = 7_654_321;
/** Labels of a branch table: a bound of V8's. */
export const MAX_BRANCH_TABLE = 65_520;
/** Instructions of all core modules of a component: a JavaScript engine of 12 MB has 4.3 million. */
export const MAX_CORE_INSTRUCTIONS = 32_000_000;
/**
 * Functions, types with their parameters, imports and exports of all core modules of a component, which the reader keeps: for one module
 * of one kind it is the engine's own bound (WebAssembly JavaScript API, "Limits").
 */
export const MAX_CORE_ENTRIES = 1_000_000;
