// The service from the outside: started by the command, asked by the command, ended like a person ends it, started again.

import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'ava';
import { CHECKOUT, casemate, document, sharedFolder } from './support/casemate.ts';

const folder = sharedFolder(test);

/** Resolves with its first line of output. */
async function serve(
  state: string,
  port = '0',
): Promise<{ readonly child: ChildProcessWithoutNullStreams; readonly line: string }> {
  const args = [
    'as3',
    'serve',
    '--store',
    `sqlite:${folder.path('fleet.db')}`,
    '--state',
    state,
    '--port',
    port,
    '--json',
  ];
  const child = spawn(process.execPath, [join(CHECKOUT, 'toolchain/cli/main.ts'), ...args], { stdio: 'pipe' });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return { child, line };
}

async function end(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  child.kill('SIGINT');
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return exitCode;
}

test.serial('a fleet is made, outlives the service, and refusals come through with their codes', async (t) => {
  t.timeout(100_000);
  const state = folder.path('state');
  const ask = (...args: readonly string[]) => casemate([...args, '--state', state, '--json']);
  const before = await ask('catalog', 'list');
  t.is((document(before) as { error: { code: string } }).error.code, 'service-not-known');

  const first = await serve(state);
  t.like(JSON.parse(first.line), { state, operator: join(state, 'service/operator.pem') });
  t.is((await ask('catalog', 'create', '--name', 'Plant')).exitCode, 0);
  t.is((await ask('product', 'create', '--catalog', 'Plant', '--name', 'Lamp 1', '--description', 'd')).exitCode, 0);
  const inProduct = ['--catalog', 'Plant', '--product', 'Lamp 1'];
  const group = await ask('device-group', 'create', ...inProduct, '--name', 'Mine', '--os-feed', 'RetailEval');
  t.like(document(group), { name: 'Mine', properties: { osFeedType: 'RetailEval', updatePolicy: 'UpdateAll' } });
  const refused = await ask('catalog', 'delete', '--name', 'Plant');
  t.is(refused.exitCode, 1);
  t.is((document(refused) as { error: { code: string } }).error.code, 'catalog-not-empty');
  const wrong = await ask('device-group', 'create', ...inProduct, '--name', 'Bad!');
  t.is((document(wrong) as { error: { code: string } }).error.code, 'resource-name-malformed');
  const plain = await ask('catalog', 'list', '--service', 'http://localhost:1');
  t.deepEqual([plain.exitCode, (document(plain) as { error: { code: string } }).error.code], [2, 'usage']);

  const second = await serve(folder.path('other'), new URL((JSON.parse(first.line) as { url: string }).url).port);
  t.is((JSON.parse(second.line) as { error: { code: string } }).error.code, 'port-unusable');
  await once(second.child, 'close');

  const beside = await serve(state);
  t.is((JSON.parse(beside.line) as { error: { code: string } }).error.code, 'state-folder-in-use');
  await once(beside.child, 'close');
  t.is((await ask('catalog', 'list')).exitCode, 0, 'the first one is still found');

  t.is(await end(first.child), 0);
  const away = await ask('catalog', 'list');
  t.is((document(away) as { error: { code: string } }).error.code, 'service-unreachable');

  const again = await serve(state);
  const { value } = document(await ask('device-group', 'list', ...inProduct)) as { value: readonly { name: string }[] };
  t.deepEqual(
    value.map(({ name }) => name),
    ['Development', 'Field Test', 'Field Test OS Evaluation', 'Mine', 'Production', 'Production OS Evaluation'],
  );
  t.is((await ask('device-group', 'delete', ...inProduct, '--name', 'mine')).exitCode, 0);
  const gone = await ask('device-group', 'show', ...inProduct, '--name', 'mine');
  t.is((document(gone) as { error: { code: string } }).error.code, 'device-group-not-found');
  await chmod(join(state, 'service/operator.pem'), 0o644);
  const exposed = await ask('catalog', 'list');
  t.is((document(exposed) as { error: { code: string } }).error.code, 'operator-key-exposed');
  t.is(await end(again.child), 0);
});

test.serial('a service whose command was killed does not stay behind', async (t) => {
  const { child, line } = await serve(folder.path('killed'));
  const { url } = JSON.parse(line) as { url: string };
  child.kill('SIGKILL');
  await once(child, 'exit');
  const listens = async (): Promise<boolean> => {
    try {
      await fetch(url);
      return true;
    } catch (error) {
      return (error as { cause?: { code?: string } }).cause?.code !== 'ECONNREFUSED';
    }
  };
  while (await listens()) await new Promise((resolve) => setTimeout(resolve, 20));
  t.pass();
});
