import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { appFolder, temporaryFolder } from '../../test/support/app-folder.ts';
import { buildApp } from './build-app.ts';
import { BuildError } from './build-error.ts';
import { newApp } from './new-app.ts';

test('newApp() makes a folder that builds without a warning, with an id of its own', async (t) => {
  const one = newApp(join(temporaryFolder(t), 'deep/one'), { lang: 'c', name: 'my "first" app' });
  const two = newApp(join(temporaryFolder(t), 'two'), { lang: 'c' });
  t.not(one.componentId, two.componentId);
  const built = await buildApp({ folder: one.folder });
  t.like(built, { name: 'my "first" app', componentId: one.componentId, warnings: [], gpioPins: [8] });
  t.is(two.name, basename(two.folder));
  t.true(readFileSync(join(two.folder, 'README.md'), 'utf8').startsWith('# two\n'));
});

for (const [what, lang, code] of [
  ['a language without a template', 'cobol', 'language-not-supported'],
  // The name of a property that every object has.
  ['a language called constructor', 'constructor', 'language-not-supported'],
  ['a folder with something in it', 'c', 'folder-not-empty'],
] as const) {
  test(`newApp() refuses ${what}`, (t) => {
    t.is(t.throws<BuildError>(() => newApp(appFolder(t), { lang }), { instanceOf: BuildError })?.code, code);
  });
}
