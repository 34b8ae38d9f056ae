// Follows a hardware definition through its imports down to the chip's values. Never reads a file itself: the caller passes that in.

import { HARDWARE_MAX_IMPORTS } from '../core/limits.ts';
import type { Problem } from './json-shape.ts';
import { PROBLEMS_MAX } from './json-shape.ts';
import { shown } from './json-path.ts';
import type {
  HardwareDefinition,
  HardwareFileErrorCode,
  PeripheralEntry,
  PeripheralType,
} from './hardware-definition.ts';
import { readHardwareDefinition } from './hardware-definition.ts';
import { importCandidates, normalPath } from './hardware-path.ts';
import { didYouMean } from './near-name.ts';

export type HardwareErrorCode =
  HardwareFileErrorCode | 'import-missing' | 'import-cycle' | 'mapping-unknown' | 'mapping-type-mismatch';

/** A finding with the file that it is in. */
export interface HardwareProblem extends Problem<HardwareErrorCode> {
  readonly file: string;
}

export type HardwareVerdict =
  | { readonly ok: true; readonly errors: readonly []; readonly hardware: Hardware }
  | { readonly ok: false; readonly errors: readonly HardwareProblem[] };

/** What a name means in the end. */
export interface ResolvedPeripheral {
  readonly name: string;
  readonly type: PeripheralType;
  /** What code uses: the value of the macro. */
  readonly headerValue: number;
  /** What a packaged manifest has: a pin number or a controller's name. `undefined` for `int`. */
  readonly manifestValue: number | string | undefined;
  /** The chip's pin number, for `Gpio` alone. */
  readonly pin: number | undefined;
  /** The file that has the name. */
  readonly declaredIn: string;
  /** The names that it stands for, down to the chip's own. */
  readonly through: readonly string[];
  readonly comment: string;
}

/** Only this module can make one: the class is not exported, and its private member makes the type nominal. */
class ResolvedHardware {
  readonly #peripherals: ReadonlyMap<string, ResolvedPeripheral>;
  readonly #definition: HardwareDefinition;
  /** The file that was asked for. */
  readonly file: string;

  constructor(file: string, definition: HardwareDefinition, peripherals: ReadonlyMap<string, ResolvedPeripheral>) {
    this.file = file;
    this.#definition = definition;
    this.#peripherals = peripherals;
  }

  /** For people. */
  get name(): string {
    return this.#definition.name;
  }
  get headerTop(): readonly string[] {
    return this.#definition.headerTop;
  }
  /** Every name of the file and of its imports: the imports' first, each in the order of its file. */
  get peripherals(): ReadonlyMap<string, ResolvedPeripheral> {
    return this.#peripherals;
  }
}

/** A hardware definition whose every name leads to the chip. */
export type Hardware = ResolvedHardware;

export interface HardwareFile {
  /** Path as the caller writes it, with forward slashes. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface ImportSources {
  /** The bytes of a file, `undefined` if there is none. Paths are those of the candidates, made of what the caller passed. */
  readonly readImport: (path: string) => Uint8Array | undefined;
  /** Where to look after the importing file's own folder, e.g. the SDK's hardware definitions. */
  readonly searchFolders?: readonly string[];
}

/**
 * Resolves every name of a hardware definition. Never throws for what is in the files; all problems come back together.
 *
 * ```ts
 * const verdict = resolveHardware({ file, bytes }, { readImport, searchFolders: [sdkHardware] });
 * if (verdict.ok) verdict.hardware.peripherals.get('SAMPLE_LED')?.pin; // 8
 * ```
 */
export function resolveHardware(entry: HardwareFile, sources: ImportSources): HardwareVerdict {
  const file = normalPath(entry.file);
  const resolver = new Resolver(sources);
  const loaded = resolver.load(file, entry.bytes, []);
  if (resolver.problems.length > 0 || loaded.definition === undefined) return { ok: false, errors: resolver.problems };
  return { ok: true, errors: [], hardware: new ResolvedHardware(file, loaded.definition, loaded.names) };
}

interface LoadedFile {
  readonly definition: HardwareDefinition | undefined;
  /** All names that a file which imports this one can map to. */
  readonly names: ReadonlyMap<string, ResolvedPeripheral>;
  /** False when something in it or below is broken: names may be missing then, and are not complained about again. */
  readonly whole: boolean;
}

class Resolver {
  readonly problems: HardwareProblem[] = [];
  readonly #sources: ImportSources;
  readonly #files = new Map<string, LoadedFile>();
  #opened = 0;

  constructor(sources: ImportSources) {
    this.#sources = sources;
  }

  load(file: string, bytes: Uint8Array, above: readonly string[]): LoadedFile {
    this.#opened++;
    const { problems, definition } = readHardwareDefinition(bytes);
    const before = this.problems.length;
    this.problems.push(...problems.map((problem) => ({ ...problem, file })));
    const names = new Map<string, ResolvedPeripheral>();
    let whole = definition !== undefined;
    for (const { importPath, path } of definition?.imports ?? []) {
      const imported = this.#import(file, importPath, path, [...above, file]);
      whole &&= imported?.whole === true;
      for (const peripheral of imported?.names.values() ?? []) this.#add(names, peripheral, file, path);
    }
    for (const entry of definition?.peripherals ?? []) {
      const peripheral = this.#resolve(entry, names, file, whole);
      if (peripheral !== undefined) this.#add(names, peripheral, file, entry.path);
    }
    const loaded = { definition, names, whole: whole && this.problems.length === before };
    this.#files.set(file, loaded);
    return loaded;
  }

  #import(importer: string, importPath: string, path: string, above: readonly string[]): LoadedFile | undefined {
    for (const candidate of importCandidates(importer, importPath, this.#sources.searchFolders ?? [])) {
      const known = this.#files.get(candidate);
      if (known !== undefined) return known;
      if (above.includes(candidate)) {
        const circle = [...above.slice(above.indexOf(candidate)), candidate].join(' → ');
        return this.#refuse(importer, 'import-cycle', path, circle, 'remove one import of the circle');
      }
      const bytes = this.#sources.readImport(candidate);
      if (bytes === undefined) continue;
      if (this.#opened >= HARDWARE_MAX_IMPORTS) {
        const hint = `keep the chain within ${HARDWARE_MAX_IMPORTS} files`;
        return this.#refuse(importer, 'imports-too-many', path, `${shown(importPath)} is one file too many`, hint);
      }
      return this.load(candidate, bytes, above);
    }
    const hint = 'put the file beside the one that imports it, or name the folder to search';
    return this.#refuse(importer, 'import-missing', path, `no file ${shown(importPath)}`, hint);
  }

  #resolve(
    entry: PeripheralEntry,
    names: ReadonlyMap<string, ResolvedPeripheral>,
    file: string,
    whole: boolean,
  ): ResolvedPeripheral | undefined {
    const { name, type, comment, value } = entry;
    if (value.kind === 'chip') {
      const pin = type === 'Gpio' && typeof value.manifest === 'number' ? value.manifest : undefined;
      const own = { name, type, comment, declaredIn: file, through: [] };
      return { ...own, headerValue: value.header, manifestValue: value.manifest, pin };
    }
    const target = names.get(value.mapping);
    if (target === undefined || target.declaredIn === file) {
      if (!whole || this.#full) return undefined;
      const hint = didYouMean(value.mapping, names.keys(), 'map to a name of an imported file');
      return this.#refuse(
        file,
        'mapping-unknown',
        `${entry.path}.Mapping`,
        `no import has ${shown(value.mapping)}`,
        hint,
      );
    }
    if (target.type !== type) {
      const message = `${name} is of type ${type}, ${target.name} of type ${target.type}`;
      return this.#refuse(
        file,
        'mapping-type-mismatch',
        `${entry.path}.Type`,
        message,
        `write ${target.type}, or map to another name`,
      );
    }
    return { ...target, name, comment, declaredIn: file, through: [target.name, ...target.through] };
  }

  /** Two files with one name would make a pin depend on the order of imports. The same file twice is one file. */
  #add(names: Map<string, ResolvedPeripheral>, peripheral: ResolvedPeripheral, file: string, path: string): void {
    const known = names.get(peripheral.name);
    if (known !== undefined && known !== peripheral && known.declaredIn !== peripheral.declaredIn) {
      const message = `${peripheral.name} is in ${known.declaredIn} and in ${peripheral.declaredIn}`;
      this.#refuse(file, 'name-duplicate', path, message, 'rename one of the two');
    }
    names.set(peripheral.name, peripheral);
  }

  #refuse(file: string, code: HardwareErrorCode, path: string, message: string, hint: string): undefined {
    if (!this.#full) this.problems.push({ file, code, path, message, hint });
    return undefined;
  }

  /** What one file alone has too many of is cut by its reader; this bounds what resolving adds. */
  get #full(): boolean {
    return this.problems.length >= PROBLEMS_MAX;
  }
}
