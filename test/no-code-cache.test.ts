// Nothing that was compiled or linked lies where it could be changed and run again: V8 takes a code cache of one source for another of the
// same length.

import test from 'ava';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Script } from 'node:vm';
import type { ProcessEnd, RunningProcess } from '../runtime/hil/launch.ts';
import { ProcessLauncher } from '../runtime/adapters/process-launcher.ts';
import { treeFiles } from '../toolchain/repo/check/tree.ts';
import { CHECKOUT, sharedFolder } from './support/casemate.ts';
import { onDevice, told } from './support/installed-app.ts';

const folder = sharedFolder(test);
const program = (name: string, code: string) => ({ name, code: new TextEncoder().encode(code) });
const ended = (process: RunningProcess): Promise<ProcessEnd> => new Promise((resolve) => process.onEnd(resolve));

/** What every code cache of this engine begins with: a magic number, and the engine's version. */
const CACHE_MARK = new Script('1').createCachedData().subarray(0, 8);

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function contentsBelow(path: string): Promise<Map<string, Buffer>> {
  const files = await filesBelow(path);
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file)] as const)));
}

async function withCacheMark(path: string): Promise<string[]> {
  const files = await filesBelow(path);
  const marked = await Promise.all(
    files.map(async (file) => ((await readFile(file)).includes(CACHE_MARK) ? [file] : [])),
  );
  return marked.flat();
}

test('why: V8 runs a cache that was made from another source of the same length', (t) => {
  const cachedData = new Script('"hostile"').createCachedData();
  const script = new Script('"trusted"', { cachedData });
  t.false(script.cachedDataRejected);
  t.is(script.runInThisContext(), 'hostile');
});

test.serial(
  'OS and compartments store no code cache and read none, whatever the environment of the secure world asks for',
  async (t) => {
    const cache = folder.path('compile-cache');
    const module = folder.path('module.mjs');
    await writeFile(module, 'export const answer = 42;');
    const before = process.env['NODE_COMPILE_CACHE'];
    process.env['NODE_COMPILE_CACHE'] = cache;
    t.teardown(() => {
      if (before === undefined) delete process.env['NODE_COMPILE_CACHE'];
      else process.env['NODE_COMPILE_CACHE'] = before;
    });
    // The harness can fail: a process that inherits the environment does store one.
    spawnSync(process.execPath, ['--input-type=module', '-e', `import ${JSON.stringify(module)}`]);
    const stored = await contentsBelow(cache);
    t.true(stored.size > 0, 'Node wrote no cache where it was asked to');
    const launcher = new ProcessLauncher();
    t.teardown(() => launcher.close());
    const look = `
import module from 'node:module';
import { Script } from 'node:vm';
const { status } = module.enableCompileCache(${JSON.stringify(cache)});
const refused = status !== module.constants.compileCacheStatus.ENABLED;
process.stderr.write(JSON.stringify([module.getCompileCacheDir() ?? null, refused, process.env.NODE_COMPILE_CACHE ?? null]));`;
    const { lastWords } = await ended(
      launcher.startCompartment(program('app', look), 1, new Uint8Array(0), { memoryPages: 4 }),
    );
    t.is(lastWords, '[null,true,null]');
    t.deepEqual(await contentsBelow(cache), stored);
  },
);

test.serial('a device that ran an app has stored nothing that was compiled, and lets planted files lie', async (t) => {
  const state = folder.path('state');
  const planted = ['app.cache', 'linked.bin'].map((name) => join(state, name));
  await mkdir(state, { recursive: true });
  const hostile = new Script('"hostile"').createCachedData();
  for (const file of planted) await writeFile(file, hostile);
  const source =
    '#include <applibs/log.h>\n#include <unistd.h>\nint main(void) { Log_Debug("here\\n"); for (;;) sleep(60); }';
  await onDevice(folder.path(''), [{ name: 'plain', source }], async (bench) => {
    t.like(await told(bench, 'its log', (event) => event.kind === 'log'), { kind: 'log', message: 'here' });
    t.deepEqual((await withCacheMark(state)).sort(), [...planted].sort());
  });
  t.deepEqual((await withCacheMark(state)).sort(), [...planted].sort());
});

/** Ways to keep what was compiled, or to start from it. */
const KEEPERS =
  /cachedData|createCachedData|enableCompileCache|NODE_COMPILE_CACHE|startupSnapshot|snapshot-blob|node:v8/;

test('no source of the device names a way to keep compiled code', async (t) => {
  const sources = treeFiles().filter(
    (file) =>
      /^(component|contracts|host-apis|runtime|toolchain\/factory)\//.test(file) &&
      /(?<![.](?:test|bench))[.]ts$/.test(file),
  );
  t.true(sources.length > 100);
  const texts = await Promise.all(
    sources.map(async (file) => [file, await readFile(join(CHECKOUT, file), 'utf8')] as const),
  );
  t.deepEqual(
    texts.filter(([, text]) => KEEPERS.test(text)).map(([file]) => file),
    [],
  );
});
