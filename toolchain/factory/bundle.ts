// Makes the JavaScript bundles that a device boots from its flash. Never one that would look for a file beside itself: the
// bytes that are signed and measured are all that runs.

import { resolve } from 'node:path';
import type { BuildResult, Metafile, Plugin } from 'esbuild';
import { build } from 'esbuild';
import { FactoryError } from './factory-error.ts';
import { CHECKOUT } from './checkout.ts';

export interface BundleRule {
  /** Entry file, from the top of the checkout. */
  readonly entry: string;
  /** A stage of the secure world is entered through its default export and may import nothing; a process may import `node:`. */
  readonly form: 'stage' | 'process';
  /** Other texts in place of modules, for an OS that shows an attack. */
  readonly replaced?: Replacement | readonly Replacement[];
}

/** One module, from the top of the checkout, and the text that stands for it. Its imports are those of a file in that place. */
export interface Replacement {
  readonly path: string;
  readonly by: string;
}

export const BUNDLES = {
  plutonRuntime: { entry: 'runtime/monitor/pluton/stage.ts', form: 'stage' },
  monitor: { entry: 'runtime/monitor/stage.ts', form: 'stage' },
  os: { entry: 'runtime/board/processes/os.ts', form: 'process' },
  compartment: { entry: 'runtime/board/processes/compartment.ts', form: 'process' },
  group: { entry: 'runtime/board/processes/group.ts', form: 'process' },
} as const satisfies Readonly<Record<string, BundleRule>>;
export type BundleName = keyof typeof BUNDLES;
export const BUNDLE_NAMES = Object.keys(BUNDLES) as readonly BundleName[];

export interface Bundle {
  /** One ECMAScript module, UTF-8. Equal sources give equal bytes, wherever the checkout lies. */
  readonly code: Uint8Array;
  /** Every file that went into it, from the top of the checkout. */
  readonly inputs: readonly string[];
}

/** Errors: `bundle-failed`, `bundle-import-left`, `bundle-export-missing`. */
export async function bundle(rule: BundleRule, root: string = CHECKOUT): Promise<Bundle> {
  const result = await runEsbuild(rule, root);
  const [output] = Object.values(result.metafile.outputs);
  const code = result.outputFiles?.[0]?.contents;
  if (output === undefined || code === undefined)
    throw new FactoryError('bundle-failed', `${rule.entry} gave no output`);
  checkImports(rule, output);
  checkReplaced(rule, output);
  if (rule.form === 'stage' && !output.exports.includes('default')) {
    throw new FactoryError('bundle-export-missing', `${rule.entry} has no default export to enter`, {
      fault: 'caller',
    });
  }
  const files = Object.keys(result.metafile.inputs).filter((path) => !path.startsWith(`${ENGINE}:`));
  return { code, inputs: files.sort() };
}

async function runEsbuild(
  { entry, form, replaced }: BundleRule,
  root: string,
): Promise<BuildResult & { readonly metafile: Metafile }> {
  try {
    return await build({
      absWorkingDir: root,
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      target: 'node26',
      // Not `node`: packages then offer the form that loads native addons and compiles functions from text.
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['import'],
      external: form === 'process' ? ['node:*'] : [],
      // White space alone goes: a stack trace from a device still names what the source names.
      minifyWhitespace: true,
      minifySyntax: false,
      minifyIdentifiers: false,
      charset: 'utf8',
      legalComments: 'none',
      // The device has the code from a stream or a buffer: this is what its stack traces call it.
      footer: { js: `//# sourceURL=casemate/${entry}` },
      logLevel: 'silent',
      plugins: [
        ...replacements(replaced).map(({ path, by }) => replacing(resolve(root, path), by)),
        ...(form === 'process' ? [ENGINE_NAMES] : []),
      ],
      tsconfigRaw: { compilerOptions: { target: 'es2024', verbatimModuleSyntax: true } },
    });
  } catch (cause) {
    throw new FactoryError('bundle-failed', `${entry}: ${firstFault(cause)}`, { fault: 'caller', cause });
  }
}

/** What esbuild leaves as an import would be resolved on the device: nothing may, but the engine's own modules in a process. */
function checkImports({ entry, form }: BundleRule, output: Metafile['outputs'][string]): void {
  const left = output.imports
    .filter(({ path }) => form === 'stage' || !path.startsWith('node:'))
    .map(({ path }) => path);
  if (left.length === 0) return;
  throw new FactoryError('bundle-import-left', `${entry} would import ${left.join(', ')} on the device`, {
    fault: 'caller',
    details: { entry, left },
  });
}

/** A replacement that hit nothing would leave the sound module in, and whoever relies on the attack would see it fail. */
function checkReplaced({ entry, replaced }: BundleRule, output: Metafile['outputs'][string]): void {
  const missed = replacements(replaced).find(({ path }) => !Object.hasOwn(output.inputs, path));
  if (missed === undefined) return;
  throw new FactoryError('bundle-failed', `${entry} does not hold ${missed.path}, which was to be replaced`, {
    fault: 'caller',
  });
}

function replacements(replaced: BundleRule['replaced'] = []): readonly Replacement[] {
  return 'path' in replaced ? [replaced] : replaced;
}

/** Modules of the engine in the place of a package's names for them; no files. */
const ENGINE = 'engine';

/**
 * TUF's models are CommonJS and ask for the engine's modules by their old names. They get those modules as imports, which the
 * device resolves without a file. For this package alone: our own code says `node:`, and no other package needs it.
 */
const ENGINE_NAMES: Plugin = {
  name: 'engine-names',
  setup(build) {
    build.onResolve({ filter: /^(crypto|util)$/ }, ({ path, importer }) =>
      /[\\/]node_modules[\\/]@tufjs[\\/]models[\\/]/.test(importer)
        ? { path: `node:${path}`, namespace: ENGINE }
        : undefined,
    );
    build.onLoad({ filter: /./, namespace: ENGINE }, ({ path }) => ({
      contents: `export * from '${path}'; export { default } from '${path}';`,
    }));
  },
};

function replacing(path: string, contents: string): Plugin {
  return {
    name: 'replacing',
    setup(build) {
      build.onLoad({ filter: /./ }, (args) => (args.path === path ? { contents, loader: 'ts' } : undefined));
    },
  };
}

function firstFault(cause: unknown): string {
  const [first] =
    (cause as { errors?: { text: string; location: { file: string; line: number } | null }[] }).errors ?? [];
  if (first === undefined) return String(cause);
  return first.location === null ? first.text : `${first.text} (${first.location.file}:${first.location.line})`;
}
