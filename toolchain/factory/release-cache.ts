// Keeps releases that were made, so that a second start bundles and signs nothing. Never a source of trust: a release that
// does not fit its sources and its digests is made again, and the device verifies whatever it is given.

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { version as esbuildVersion } from 'esbuild';
import type { AuthorityClient } from './authority-client.ts';
import type { Bundle, BundleName, BundleRule } from './bundle.ts';
import { BUNDLES, BUNDLE_NAMES, bundle } from './bundle.ts';
import { CHECKOUT } from './checkout.ts';
import type { OsRelease, ReleaseImage } from './os-release.ts';
import { RELEASE_IMAGES, makeRelease, releaseVersion } from './os-release.ts';
import type { TrustAnchors } from './trust-anchors.ts';

/** What a cached release was made of: equal digests, equal release. */
interface Recipe {
  /** Path from the top of the checkout → SHA-256 in hex. */
  readonly sources: Readonly<Record<string, string>>;
  /** Of everything else that decides the bytes: keys, tools, version. */
  readonly setting: string;
  readonly images: Readonly<Record<ReleaseImage, string>>;
}

const RECIPE = 'recipe.json';
/** Files that are in no bundle and still decide what a bundle holds. */
const ALWAYS = [
  'package.json',
  'package-lock.json',
  'toolchain/factory/bundle.ts',
  'toolchain/factory/os-release.ts',
  'toolchain/factory/release-time.ts',
];

/** Where the sources of a release lie. */
export interface ReleaseSources {
  readonly root: string;
  readonly rules: Readonly<Record<BundleName, BundleRule>>;
  /** Devices boot it, and no service takes evidence of it: for showing what still stands. */
  readonly isAttack?: boolean;
}
const OWN_SOURCES: ReleaseSources = { root: CHECKOUT, rules: BUNDLES };

/**
 * The release of these sources for this authority, from `folder` (STATE/releases) or made now and left there. Errors:
 * those of `bundle` and `makeRelease`.
 */
export async function currentRelease(
  folder: string,
  anchors: TrustAnchors,
  authority: AuthorityClient,
  sources: ReleaseSources = OWN_SOURCES,
): Promise<OsRelease> {
  // One place for each authority and set of rules: they do not drive each other out.
  const place = join(folder, settingOf(anchors, sources).slice(0, 32));
  return (await cachedRelease(place, anchors, sources)) ?? (await freshRelease(place, anchors, authority, sources));
}

async function cachedRelease(
  place: string,
  anchors: TrustAnchors,
  from: ReleaseSources,
): Promise<OsRelease | undefined> {
  const recipe = await readRecipe(place);
  if (recipe === undefined || recipe.setting !== settingOf(anchors, from)) return undefined;
  const digests = await digestsOf(from.root, Object.keys(recipe.sources));
  if (JSON.stringify(digests) !== JSON.stringify(recipe.sources)) return undefined;
  const images: Partial<Record<ReleaseImage, Uint8Array>> = {};
  for (const name of RELEASE_IMAGES) {
    const bytes = await readIfThere(join(place, fileOf(name)));
    if (bytes === undefined || hex(bytes) !== recipe.images[name]) return undefined;
    images[name] = new Uint8Array(bytes);
  }
  return { version: releaseVersion(), images: images as Record<ReleaseImage, Uint8Array> };
}

async function freshRelease(
  place: string,
  anchors: TrustAnchors,
  authority: AuthorityClient,
  from: ReleaseSources,
): Promise<OsRelease> {
  const made = await Promise.all(
    BUNDLE_NAMES.map(async (name) => [name, await bundle(from.rules[name], from.root)] as const),
  );
  const bundles = Object.fromEntries(made) as Record<BundleName, Bundle>;
  const paths = [...new Set([...ALWAYS, ...made.flatMap(([, { inputs }]) => inputs)])].sort();
  const sources = await digestsOf(from.root, paths);
  const release = await makeRelease(bundles, anchors, authority, from);
  const digests = RELEASE_IMAGES.map((name) => [name, hex(release.images[name])] as const);
  const images = Object.fromEntries(digests) as Record<ReleaseImage, string>;
  await store(place, release, { sources, setting: settingOf(anchors, from), images });
  return release;
}

/** Beside its place first, then moved there whole: a reader sees one release or the other, and the later writer wins. */
async function store(place: string, release: OsRelease, recipe: Recipe): Promise<void> {
  const suffix = randomBytes(6).toString('hex');
  const fresh = `${place}.new-${suffix}`;
  const old = `${place}.old-${suffix}`;
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  for (const name of RELEASE_IMAGES) await writeFile(join(fresh, fileOf(name)), release.images[name]);
  await writeFile(join(fresh, RECIPE), JSON.stringify(recipe, undefined, 1));
  try {
    await moveIfThere(place, old);
    await rename(fresh, place);
  } catch (error) {
    // Another start has just put its own there; ours is as good and is returned from memory.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function readRecipe(place: string): Promise<Recipe | undefined> {
  const bytes = await readIfThere(join(place, RECIPE));
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // cut short: as good as none
  }
  const { sources, setting, images } = (value ?? {}) as Partial<Record<keyof Recipe, unknown>>;
  if (!isDigests(sources) || !isDigests(images) || typeof setting !== 'string') return undefined;
  return { sources, setting, images: images as Record<ReleaseImage, string> };
}

function isDigests(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((digest) => typeof digest === 'string')
  );
}

function settingOf(anchors: TrustAnchors, { rules, isAttack = false }: ReleaseSources): string {
  const keys = Object.values(anchors).map((value: Uint8Array) => hex(value));
  return hex(Buffer.from(JSON.stringify([releaseVersion(), esbuildVersion, rules, isAttack, ...keys])));
}

/** A file that is gone has the digest ''. */
async function digestsOf(root: string, paths: readonly string[]): Promise<Record<string, string>> {
  const digest = async (path: string): Promise<readonly [string, string]> => {
    const bytes = await readIfThere(join(root, path));
    return [path, bytes === undefined ? '' : hex(bytes)];
  };
  return Object.fromEntries(await Promise.all(paths.map(digest)));
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function fileOf(name: ReleaseImage): string {
  return `${name}.img`;
}

function hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
