import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { corpus } from '../../test/support/corpus.ts';
import type { Answer, ServiceBench } from '../../test/support/service-bench.ts';
import { operatorCredential, serviceBench } from '../../test/support/service-bench.ts';
import { MANAGEMENT_OPERATIONS } from './operations.ts';

const folder = mkdtempSync(join(tmpdir(), 'casemate-api-'));
let bench: ServiceBench;
test.before(async () => {
  bench = await serviceBench(folder);
});
test.after.always(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

const RG = '/subscriptions/s1/resourceGroups/rg/providers/Microsoft.AzureSphere';
const V = 'api-version=2024-04-01';
const put = (path: string, body: unknown): Promise<Answer> => bench.ask('PUT', `${RG}/catalogs/${path}?${V}`, { body });
const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
  bench.ask(method, `${RG}/catalogs/${path}${path.includes('?') ? '&' : '?'}${V}`, body === undefined ? {} : { body });
const codeOf = ({ body }: Answer): unknown =>
  (body['error'] as { additionalInfo?: readonly { info: { code: string } }[] } | undefined)?.additionalInfo?.[0]?.info
    .code;
const valueOf = ({ body }: Answer): readonly { name: string; properties: Record<string, unknown> }[] =>
  body['value'] as never;

async function product(catalog: string): Promise<void> {
  await put(catalog, { location: 'global' });
  await put(`${catalog}/products/Lamp`, { properties: { description: 'd' } });
}

test('a catalog is made, read, changed and deleted', async (t) => {
  const made = await put('C1', { location: 'global', tags: { a: 'b' } });
  t.is(made.status, 201);
  t.like(made.body, { name: 'C1', type: 'Microsoft.AzureSphere/catalogs', location: 'global', tags: { a: 'b' } });
  t.is(made.body['id'], `${RG}/catalogs/C1`);
  t.regex((made.body['properties'] as { tenantId: string }).tenantId, /^[0-9a-f-]{36}$/);
  // What was read is written back as it is, with all that only the service may say.
  t.is((await put('c1', made.body)).status, 200);
  t.deepEqual((await ask('GET', 'c1')).body['properties'], made.body['properties']);
  t.like((await ask('PATCH', 'C1', { tags: { c: 'd' } })).body, { tags: { c: 'd' } });
  t.is((await ask('DELETE', 'C1')).status, 200);
  t.is((await ask('DELETE', 'C1')).status, 204);
  t.is((await ask('GET', 'C1')).status, 404);
});

test('a product begins with the five default device groups', async (t) => {
  await product('C2');
  const groups = valueOf(await ask('GET', 'C2/products/Lamp/deviceGroups'));
  t.deepEqual(
    groups.map(({ name, properties: { osFeedType, updatePolicy } }) => [name, osFeedType, updatePolicy]),
    [
      ['Development', 'Retail', 'No3rdPartyAppUpdates'],
      ['Field Test', 'Retail', 'UpdateAll'],
      ['Field Test OS Evaluation', 'RetailEval', 'UpdateAll'],
      ['Production', 'Retail', 'UpdateAll'],
      ['Production OS Evaluation', 'RetailEval', 'UpdateAll'],
    ],
  );
  t.is((await ask('DELETE', 'C2/products/Lamp/deviceGroups/Production')).status, 200);
  const generated = await ask('POST', 'C2/products/Lamp/generateDefaultDeviceGroups');
  t.deepEqual([generated.status, valueOf(generated).length], [200, 5]);
});

test('a device group is made, changed in part and listed by name', async (t) => {
  await product('C3');
  const path = 'C3/products/Lamp/deviceGroups/Mine';
  const made = await put(path, { properties: { osFeedType: 'RetailEval' } });
  t.is(made.status, 201);
  t.like(made.body['properties'], {
    osFeedType: 'RetailEval',
    updatePolicy: 'UpdateAll',
    allowCrashDumpsCollection: 'Disabled',
    hasDeployment: false,
  });
  const changed = await ask('PATCH', path, { properties: { updatePolicy: 'No3rdPartyAppUpdates' } });
  t.like(changed.body['properties'], { osFeedType: 'RetailEval', updatePolicy: 'No3rdPartyAppUpdates' });
  const named = await ask('POST', 'C3/listDeviceGroups', { deviceGroupName: 'mine' });
  t.deepEqual(
    valueOf(named).map(({ name }) => name),
    ['Mine'],
  );
  t.like((await ask('PATCH', 'C3/products/Lamp', { properties: { description: 'e' } })).body['properties'], {
    description: 'e',
  });
});

test('devices are counted and listed, in groups and in the catalog alone', async (t) => {
  await product('C4');
  const lists = ['products/Lamp/deviceGroups/Production/devices', 'products/.default/deviceGroups/.unassigned/devices'];
  for (const list of lists) t.deepEqual((await ask('GET', `C4/${list}`)).body, { value: [] });
  t.deepEqual((await ask('POST', 'C4/listDevices')).body, { value: [] });
  for (const scope of ['', 'products/Lamp/', 'products/Lamp/deviceGroups/Production/']) {
    t.deepEqual((await ask('POST', `C4/${scope}countDevices`)).body, { value: 0 });
  }
  const device = `C4/products/Lamp/deviceGroups/Production/devices/${'a'.repeat(128)}`;
  t.is(codeOf(await ask('GET', device)), 'device-not-found');
});

test('pages follow each other by their links, also those of a list that was asked for with POST', async (t) => {
  await product('C5');
  await put('C5/products/Torch', {});
  const names: string[] = [];
  let answer = await ask('POST', 'C5/listDeviceGroups?$top=7&$maxpagesize=3', {});
  for (let pages = 1; ; pages++) {
    names.push(...valueOf(answer).map(({ name }) => name));
    const nextLink = answer.body['nextLink'] as string | undefined;
    if (nextLink === undefined) {
      t.is(pages, 3);
      break;
    }
    t.true(nextLink.startsWith(bench.url));
    answer = await bench.ask('GET', nextLink.slice(bench.url.length));
  }
  t.is(names.length, 7);
  t.is(valueOf(await ask('GET', 'C5/products?$skip=1')).length, 1);
});

test('clients of Azure Resource Manager write paths in their own way', async (t) => {
  await product('C6');
  t.is((await bench.ask('GET', `/${RG}/catalogs/C6?${V}`)).status, 200); // a double slash
  t.is((await bench.ask('GET', `${RG.toLowerCase()}/CATALOGS/c6?${V}`)).status, 200);
  t.is((await bench.ask('GET', `/subscriptions/S1/providers/Microsoft.AzureSphere/catalogs?${V}`)).status, 200);
  t.is((await bench.ask('GET', `/providers/Microsoft.AzureSphere/operations?${V}`)).status, 200);
  t.truthy((await ask('GET', 'C6')).headers['x-ms-request-id']);
});

/** Method, path below the catalogs, body, status, our code, Azure's code. */
const GLOBAL = { location: 'global' };
const REFUSED: readonly (readonly [string, string, unknown, number, string, string])[] = [
  ['GET', 'nothing', undefined, 404, 'catalog-not-found', 'ResourceNotFound'],
  ['PUT', 'nothing/products/Lamp', {}, 404, 'catalog-not-found', 'ResourceNotFound'],
  ['GET', 'R/products/nothing', undefined, 404, 'product-not-found', 'ResourceNotFound'],
  ['PUT', 'R/products/nothing/deviceGroups/x', {}, 404, 'product-not-found', 'ResourceNotFound'],
  ['GET', 'R/products/Lamp/deviceGroups/nothing', undefined, 404, 'device-group-not-found', 'ResourceNotFound'],
  [
    'GET',
    'R/products/Lamp/deviceGroups/Production/devices/short',
    undefined,
    400,
    'resource-name-malformed',
    'InvalidResourceName',
  ],
  ['DELETE', 'R', undefined, 409, 'catalog-not-empty', 'CannotDeleteResource'],
  ['PUT', 'two%20words', GLOBAL, 400, 'resource-name-malformed', 'InvalidResourceName'],
  ['PUT', 'a%2Fb', GLOBAL, 400, 'resource-name-malformed', 'InvalidResourceName'],
  ['PUT', 'R/products/.default', {}, 400, 'resource-name-reserved', 'ReservedResourceName'],
  ['PUT', 'R2', {}, 400, 'request-malformed', 'InvalidRequestContent'], // no location
  ['PUT', 'R2', { location: 'westeurope' }, 400, 'request-malformed', 'InvalidRequestContent'],
  ['PUT', 'R2', { ...GLOBAL, tag: {} }, 400, 'request-malformed', 'InvalidRequestContent'], // misspelt
  ['PUT', 'R2', { ...GLOBAL, tags: { a: 1 } }, 400, 'request-malformed', 'InvalidRequestContent'],
  ['PUT', 'R2', [GLOBAL], 400, 'request-malformed', 'InvalidRequestContent'],
  ['PUT', 'R2', null, 400, 'request-malformed', 'InvalidRequestContent'],
  ['PUT', 'R2', { ...GLOBAL, tags: { a: '\u001b[2J' } }, 400, 'field-malformed', 'ResourceCreationValidateFailed'],
  [
    'PUT',
    'R/products/Lamp',
    { properties: { description: 'x'.repeat(1025) } },
    400,
    'field-malformed',
    'ResourceCreationValidateFailed',
  ],
  [
    'PUT',
    'R/products/Lamp/deviceGroups/x',
    { properties: { osFeedType: 'retail' } },
    400,
    'request-malformed',
    'InvalidRequestContent',
  ],
  [
    'PATCH',
    'R/products/Lamp/deviceGroups/x',
    { properties: { hasDeployment: true } },
    400,
    'request-malformed',
    'InvalidRequestContent',
  ],
  [
    'PATCH',
    'R/products/Lamp/deviceGroups/nothing',
    { properties: {} },
    404,
    'device-group-not-found',
    'ResourceNotFound',
  ],
  ['GET', 'R/products?$filter=x', undefined, 400, 'filter-unsupported', 'InvalidFilter'],
  ['GET', 'R/products?$top=0', undefined, 400, 'page-malformed', 'InvalidQueryParameterValue'],
  ['GET', 'R/products?$top=-1', undefined, 400, 'page-malformed', 'InvalidQueryParameterValue'],
  ['GET', 'R/products?$skip=1e3', undefined, 400, 'page-malformed', 'InvalidQueryParameterValue'],
  ['GET', 'R/products?$top=1&$top=2', undefined, 400, 'page-malformed', 'InvalidQueryParameterValue'],
  ['POST', 'R/generateCapabilityImage', {}, 404, 'operation-unknown', 'InvalidResourceType'], // Azure's, not built here
  ['PUT', 'R/products', {}, 404, 'operation-unknown', 'InvalidResourceType'],
];
for (const [method, path, body, status, code, azure] of REFUSED) {
  test(`${method} ${path} ${JSON.stringify(body)?.slice(0, 60) ?? ''} is refused with ${code}`, async (t) => {
    await product('R');
    const answer = await ask(method, path, body);
    t.is(answer.status, status, JSON.stringify(answer.body));
    t.is(codeOf(answer), code);
    t.is((answer.body['error'] as { code: string }).code, azure);
  });
}

test('the api-version is required, and only the one that is spoken', async (t) => {
  t.is(codeOf(await bench.ask('GET', `${RG}/catalogs`)), 'api-version-missing');
  t.is(codeOf(await bench.ask('GET', `${RG}/catalogs?api-version=2022-09-01-preview`)), 'api-version-unsupported');
  t.is(codeOf(await bench.ask('GET', `${RG}/catalogs?${V}&${V}`)), 'api-version-unsupported');
});

const deep = `${'{"properties":'.repeat(4000)}{}${'}'.repeat(4000)}`;
const HOSTILE: readonly (readonly [string, string | Buffer, string, string])[] = [
  ['of 10 MB', Buffer.alloc(10 * 1024 * 1024, 0x20), 'application/json', 'request-too-large'],
  ['nested 4000 deep', deep, 'application/json', 'request-malformed'],
  ['of lists in lists', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'application/json', 'request-malformed'],
  ['that reaches for prototypes', '{"location":"global","__proto__":{"x":1}}', 'application/json', 'request-malformed'],
  ['cut short', '{"location":', 'application/json', 'request-malformed'],
  ['that is empty', '', 'application/json', 'request-malformed'],
  ['that is not UTF-8', Buffer.from([0x7b, 0xff, 0xfe]), 'application/json', 'request-malformed'],
  ['of a form', 'location=global', 'application/x-www-form-urlencoded', 'media-type-unsupported'],
];
for (const [what, raw, contentType, code] of HOSTILE) {
  test(`a body ${what} is refused with ${code}`, async (t) => {
    // A service that stops reading a large body may close before its answer is read.
    const answer = await bench
      .ask('PUT', `${RG}/catalogs/hostile?${V}`, { raw, contentType })
      .catch((error: NodeJS.ErrnoException) => error);
    if (answer instanceof Error)
      t.true(code === 'request-too-large' && ['EPIPE', 'ECONNRESET'].includes(answer.code ?? ''), String(answer));
    else t.is(codeOf(answer), code);
    t.is((await ask('GET', 'hostile')).status, 404);
  });
}

test('any JSON at all is answered with a resource or a coded refusal, never a failure', async (t) => {
  const property = fc.asyncProperty(fc.jsonValue(), async (body) => {
    const answer = await ask('PATCH', 'R/products/Lamp', body);
    return answer.status === 200 || (answer.status === 400 && typeof codeOf(answer) === 'string');
  });
  await product('R');
  await fc.assert(property, { numRuns: 60 });
  t.deepEqual(bench.reports, []);
});

/** Without `state` the certificate comes from a CA that only has the right name. */
const STRANGERS: readonly (readonly [string, () => string | undefined])[] = [
  ['no certificate', () => undefined],
  ['a certificate of another CA of the same name', () => operatorCredential()],
  [
    'an expired certificate',
    () => operatorCredential({ state: folder, notBeforeMs: 0, notAfterMs: Date.now() - 1000 }),
  ],
  [
    'a certificate of tomorrow',
    () =>
      operatorCredential({
        state: folder,
        notBeforeMs: Date.now() + 86_400_000,
        notAfterMs: Date.now() + 2 * 86_400_000,
      }),
  ],
  ['a server certificate of the operator CA', () => operatorCredential({ state: folder, purpose: 'server' })],
  ['the service’s own certificate', () => readFileSync(join(folder, 'service/server.pem'), 'utf8')],
];
for (const [what, credential] of STRANGERS) {
  test(`whoever shows ${what} is not let in`, async (t) => {
    await t.throwsAsync(bench.ask('GET', `${RG}/catalogs?${V}`, { credential: credential() }));
  });
}

test.serial('a certificate that ends while its connection lives is refused', async (t) => {
  const credential = operatorCredential({ state: folder });
  t.is((await bench.ask('GET', `${RG}/catalogs?${V}`, { credential })).status, 200);
  bench.clock.aheadMs = 2 * 3_600_000;
  try {
    const answer = await bench.ask('GET', `${RG}/catalogs?${V}`, { credential });
    t.deepEqual([answer.status, codeOf(answer)], [401, 'operator-certificate-expired']);
  } finally {
    bench.clock.aheadMs = 0;
  }
});

const azurePath = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}');

test('every operation is Azure’s, by name, method and path', (t) => {
  const file = corpus(t, 'arm-sphere/azuresphere-2024-04-01.digest.json');
  if (file === undefined) return;
  const { operations } = JSON.parse(readFileSync(file, 'utf8')) as {
    operations: readonly { operationId: string; method: string; path: string }[];
  };
  const known = new Map(operations.map(({ operationId, method, path }) => [operationId, `${method} ${path}`]));
  for (const { id, methods, path, isExtension } of MANAGEMENT_OPERATIONS) {
    const [method = ''] = methods;
    if (isExtension) {
      t.false(known.has(id), `${id} is Azure’s, and is said to be ours`);
      continue;
    }
    if (id === 'Catalogs_ListDeviceGroups' && method === 'GET') continue; // the later pages of it
    t.is(known.get(id), `${method} ${azurePath(path)}`, id);
  }
});

test('the documentation lists exactly the operations that are there', (t) => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/management-api.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `(\w+_\w+)` \|/gm)].map(([, id]) => id);
  t.deepEqual(documented.sort(), [...new Set(MANAGEMENT_OPERATIONS.map(({ id }) => id))].sort());
});
