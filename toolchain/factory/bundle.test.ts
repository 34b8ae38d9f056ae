import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { BUNDLES, bundle } from './bundle.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-bundle-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
/** A small checkout with these files. */
function checkout(files: Readonly<Record<string, string>>): string {
  const root = join(base, `checkout-${count++}`);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const STAGE = { entry: 'src/stage.ts', form: 'stage' } as const;
const PROCESS = { entry: 'src/main.ts', form: 'process' } as const;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test('bundle() puts what is imported into one module and says what went in', async (t) => {
  const root = checkout({
    'src/stage.ts': `import { two } from './two.ts'; const stage = (n: number): number => n * two; export default stage;`,
    'src/two.ts': 'export const two: number = 2; export const never = "left out";',
  });
  const made = await bundle(STAGE, root);
  t.deepEqual(made.inputs, ['src/stage.ts', 'src/two.ts']);
  t.false(text(made.code).includes('left out'));
  const module = (await import(`data:text/javascript,${encodeURIComponent(text(made.code))}`)) as {
    default: (n: number) => number;
  };
  t.is(module.default(21), 42);
});

test('bundle() puts another text in place of a module, and says when that module is not there', async (t) => {
  const root = checkout({
    'src/stage.ts': `export { default } from './check.ts';`,
    'src/check.ts': 'export default false;',
  });
  const replaced = { path: 'src/check.ts', by: 'export default true;' };
  const made = text((await bundle({ ...STAGE, replaced }, root)).code);
  t.true(made.includes('true') && !made.includes('false'));
  const missed = { ...STAGE, replaced: { ...replaced, path: 'src/other.ts' } };
  t.like(await t.throwsAsync(bundle(missed, root)), { code: 'bundle-failed' });
});

/** A package that asks for the engine's modules as CommonJS did before they had `node:` names. */
const oldNames = (name: string) => ({
  'src/main.ts': `import { digest } from '${name}'; export default digest;`,
  [`node_modules/${name}/package.json`]: `{"name":"${name}","main":"index.js"}`,
  [`node_modules/${name}/index.js`]: `exports.digest = (text) => require('crypto').createHash('sha256').update(text).digest('hex');`,
});

test('bundle() gives TUF’s models the engine’s modules under their names of today', async (t) => {
  const made = await bundle(PROCESS, checkout(oldNames('@tufjs/models')));
  t.deepEqual(made.inputs, ['node_modules/@tufjs/models/index.js', 'src/main.ts']);
  const module = (await import(`data:text/javascript,${encodeURIComponent(text(made.code))}`)) as {
    default: (text: string) => string;
  };
  t.is(module.default(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('bundle() refuses another package that asks for them so', async (t) => {
  t.like(await t.throwsAsync(bundle(PROCESS, checkout(oldNames('other')))), { code: 'bundle-failed' });
});

test('bundle() refuses a stage that would have them', async (t) => {
  const files = oldNames('@tufjs/models');
  const root = checkout({ ...files, 'src/stage.ts': files['src/main.ts'] });
  t.like(await t.throwsAsync(bundle(STAGE, root)), { code: 'bundle-failed' });
});

test('bundle() gives the same bytes wherever the checkout lies', async (t) => {
  const files = { 'src/main.ts': `import fs from 'node:fs'; export const there: boolean = fs.existsSync('x');` };
  const one = checkout(files);
  const other = join(base, 'some', 'other', 'depth');
  cpSync(one, other, { recursive: true });
  t.deepEqual((await bundle(PROCESS, one)).code, (await bundle(PROCESS, other)).code);
});

const REFUSED: readonly (readonly [string, typeof STAGE | typeof PROCESS, string, string])[] = [
  // What a stage imports would be the host's code in the secure world, never measured.
  ['a stage that imports from node', STAGE, `import 'node:fs'; export default 1;`, 'bundle-failed'],
  ['a stage that imports a module of node by its old name', STAGE, `import 'fs'; export default 1;`, 'bundle-failed'],
  ['a process that imports a module of node by its old name', PROCESS, `import 'fs';`, 'bundle-failed'],
  ['a package that is not there', PROCESS, `import 'no-such-package';`, 'bundle-failed'],
  ['a file that is not there', PROCESS, `import './none.ts';`, 'bundle-failed'],
  ['text that is no TypeScript', PROCESS, `let let let`, 'bundle-failed'],
  ['a stage without a default export', STAGE, `export const stage = 1;`, 'bundle-export-missing'],
  // esbuild leaves a URL import as it is: the device would fetch code.
  ['an import from a URL', PROCESS, `import 'https://example.com/code.js';`, 'bundle-import-left'],
];
for (const [what, rule, source, code] of REFUSED) {
  test(`bundle() refuses ${what}`, async (t) => {
    t.like(await t.throwsAsync(bundle(rule, checkout({ [rule.entry]: source }))), { code });
  });
}

for (const [name, rule] of Object.entries(BUNDLES)) {
  test(`the ${name} of this checkout bundles, the same way twice`, async (t) => {
    const made = await bundle(rule);
    t.true(made.inputs.includes(rule.entry));
    t.deepEqual((await bundle(rule)).code, made.code);
    t.false(text(made.code).includes(process.cwd()));
  });
}

/** All that the secure world may be made of: fixed layouts, its own code, and the curves. No JSON, no MessagePack, no CBOR reader. */
const SECURE_WORLD = /^(contracts\/core|runtime\/(hil|monitor)|node_modules\/@noble\/(curves|hashes))\//;
for (const name of ['plutonRuntime', 'monitor'] as const) {
  test(`the ${name} parses no JSON and holds no code from outside the secure world`, async (t) => {
    const { inputs, code } = await bundle(BUNDLES[name]);
    t.deepEqual(
      inputs.filter((path) => !SECURE_WORLD.test(path)),
      [],
    );
    t.false(text(code).includes('JSON.parse'));
  });
}
