import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type { DeviceEvent, LinkReply, LinkRequest } from '../../contracts/wire/device-link.ts';
import { decodeLinkFrame, encodeLinkFrame } from '../../contracts/wire/device-link.ts';
import { connectDevice } from './device-client.ts';
import { DeviceLink } from './device-link.ts';
import { record, text } from './shape.ts';
import { connectCable } from './socket-address.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-link-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));

type Answer = (request: LinkRequest, socket: Socket) => LinkReply | undefined;
const packr = new Packr({ useRecords: false });
let count = 0;

/** A folder with a device on its cable that answers as told; what it was asked is in `requests`. */
async function device(
  t: ExecutionContext,
  answer: Answer,
): Promise<{ folder: string; requests: LinkRequest[]; server: Server }> {
  const folder = mkdtempSync(join(base, `device-${count++}-`));
  const requests: LinkRequest[] = [];
  const server = createServer((socket) => {
    const frames = new FrameStream(64 * 1024);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const frame of frames.push(chunk)) {
        const request = decodeLinkFrame(frame) as LinkRequest;
        requests.push(request);
        const reply = answer(request, socket);
        if (reply !== undefined) socket.write(encodeLinkFrame(reply));
      }
    });
  });
  const path = join(folder, 's');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  writeFileSync(join(folder, 'service.addr'), `${path}\n`);
  t.teardown(() => server.close());
  return { folder, requests, server };
}

async function link(t: ExecutionContext, answer: Answer): Promise<DeviceLink> {
  const { folder } = await device(t, answer);
  const opened = new DeviceLink(await connectCable(folder, 'service'));
  t.teardown(() => opened.close());
  return opened;
}

const ok =
  (result: unknown): Answer =>
  ({ id }) => ({ id, ok: true, result });
/** What no honest device sends. */
const raw =
  (message: unknown): Answer =>
  (_, socket) => {
    const body = packr.pack(message);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body.length);
    socket.write(Buffer.concat([length, body]));
    return undefined;
  };
const anything = record<object>({});
const image = {
  componentId: '01234567-89ab-4cde-8f01-23456789abcd' as ComponentId,
  imageId: '01234567-89ab-4cde-8f01-23456789abcd',
  name: 'Blink',
  version: '1.0',
  rollbackIndex: 0,
  sizeBytes: 40_000,
  trust: 'development',
} as const;

test('sideload() sends the package in pieces of 16 KiB and starts the app', async (t) => {
  const { folder, requests } = await device(t, (request) =>
    ok(request.method === 'image.install' ? { image } : {})(request, null as never),
  );
  const client = await connectDevice(folder);
  t.teardown(() => client.close());
  const bytes = Uint8Array.from({ length: 40_000 }, (_, index) => index & 0xff);
  const progress: number[] = [];
  t.deepEqual(await client.sideload(bytes, { onProgress: (sent) => progress.push(sent) }), image);
  t.deepEqual(progress, [16384, 32768, 40000]);
  t.deepEqual(
    requests.map(({ method, params }) => [method, params['length'] ?? params['offset'] ?? params['start']]),
    [
      ['image.begin', 40_000],
      ['image.write', 0],
      ['image.write', 16384],
      ['image.write', 32768],
      ['image.install', true],
    ],
  );
  const sent = requests
    .filter(({ method }) => method === 'image.write')
    .map(({ params }) => params['bytes'] as Uint8Array);
  t.deepEqual(new Uint8Array(Buffer.concat(sent)), bytes);
});

test('a sideload that the device refuses stops there, with the code of the device', async (t) => {
  const refuse: Answer = ({ id, method }) =>
    method === 'image.begin'
      ? { id, ok: false, error: { code: 'right-missing', message: 'no', hint: 'enable it' } }
      : undefined;
  const { folder, requests } = await device(t, refuse);
  const client = await connectDevice(folder);
  t.teardown(() => client.close());
  t.like(await t.throwsAsync(client.sideload(new Uint8Array(10))), { code: 'right-missing', hint: 'enable it' });
  t.is(requests.length, 1);
});

test('applyCapability() sends nothing that is no capability file', async (t) => {
  const { folder, requests } = await device(t, ok({}));
  const client = await connectDevice(folder);
  t.teardown(() => client.close());
  t.like(await t.throwsAsync(client.applyCapability(new Uint8Array(255))), { code: 'capability-size-wrong' });
  t.is(requests.length, 0);
});

const certificate = {
  purpose: 'update',
  serial: '01',
  subject: 'CN=a',
  subjectAltName: 'URI:urn:a',
  notBefore: '2027-01-15T08:00:00.000Z',
  notAfter: '2027-01-16T08:00:00.000Z',
  chain: 'pem',
} as const;
const status = {
  state: 'refused',
  service: { host: 'localhost', port: 1 },
  catalogId: image.componentId,
  trustedTime: certificate.notBefore,
  certificates: [certificate],
  lastError: { code: 'evidence-refused', message: 'no', claim: 'os' },
  nextAttemptInSeconds: 4.2,
} as const;
const unconfigured = { ...status, state: 'unconfigured', service: null, catalogId: null, trustedTime: null } as const;
const quiet = { ...unconfigured, certificates: [], lastError: null, nextAttemptInSeconds: null } as const;
const pair = { componentId: image.componentId, imageId: image.imageId };
const outcome = {
  outcome: 'refused',
  deploymentId: 'd',
  installed: [pair],
  refused: [{ ...pair, code: 'image-rolled-back', message: 'older' }],
} as const;
const targeted = { deploymentId: null, images: [{ ...pair, rollbackIndex: 1, sizeBytes: 2 }] } as const;

type Ask = (client: Awaited<ReturnType<typeof connectDevice>>) => Promise<unknown>;
const SERVICE_CALLS: readonly (readonly [
  method: string,
  ask: Ask,
  result: unknown,
  expected: unknown,
  params: object,
])[] = [
  ['service.status', (client) => client.serviceStatus(), status, status, {}],
  ['service.status', (client) => client.serviceStatus(), quiet, quiet, {}],
  ['service.attest', (client) => client.attest(), status, status, {}],
  [
    'service.configure',
    (client) => client.configureService('localhost', 1),
    {},
    undefined,
    { host: 'localhost', port: 1 },
  ],
  ['update.check', (client) => client.checkUpdate(), outcome, outcome, {}],
  ['update.targeted', (client) => client.targetedImages(), targeted, targeted, {}],
];
for (const [index, [method, ask, result, expected, params]] of SERVICE_CALLS.entries()) {
  test(`${method} is asked and its answer is read (${index})`, async (t) => {
    const { folder, requests } = await device(t, ok(result));
    const client = await connectDevice(folder);
    t.teardown(() => client.close());
    t.deepEqual(await ask(client), expected);
    t.like(requests, [{ method, params }]);
  });
}

test('evidence is collected as bytes of its own', async (t) => {
  const { folder, requests } = await device(t, ok({ evidence: Uint8Array.of(1, 2) }));
  const client = await connectDevice(folder);
  t.teardown(() => client.close());
  t.deepEqual(await client.collectEvidence(new Uint8Array(32)), Uint8Array.of(1, 2));
  t.is((requests[0]?.params['nonce'] as Uint8Array).length, 32);
});

for (const [what, ask, result] of [
  ['a state that there is not', (client) => client.serviceStatus(), { ...status, state: 'fine' }],
  [
    'a third certificate',
    (client) => client.attest(),
    { ...status, certificates: [certificate, certificate, certificate] },
  ],
  [
    'a chain without an end',
    (client) => client.attest(),
    { ...status, certificates: [{ ...certificate, chain: 'x'.repeat(20_000) }] },
  ],
  ['evidence that is text', (client) => client.collectEvidence(new Uint8Array(32)), { evidence: 'x' }],
  [
    'more evidence than there is',
    (client) => client.collectEvidence(new Uint8Array(32)),
    { evidence: new Uint8Array(40 * 1024 + 1) },
  ],
  ['an outcome that there is not', (client) => client.checkUpdate(), { ...outcome, outcome: 'maybe' }],
  ['images without a size', (client) => client.targetedImages(), { ...targeted, images: [pair] }],
] as const satisfies readonly (readonly [string, Ask, unknown])[]) {
  test(`a device that answers with ${what} is not believed`, async (t) => {
    const { folder } = await device(t, ok(result));
    const client = await connectDevice(folder);
    t.teardown(() => client.close());
    t.like(await t.throwsAsync(ask(client)), { code: 'device-reply-malformed' });
  });
}

test('events of service and updates are heard', async (t) => {
  const told: DeviceEvent[] = [
    { t: 1, kind: 'service', state: 'unclaimed', code: 'device-unclaimed' },
    { t: 2, kind: 'update', app: 'Blink', ...pair, outcome: 'installed' },
  ];
  const opened = await link(
    t,
    (_, socket) => void socket.write(Buffer.concat(told.map((event) => encodeLinkFrame({ event })))),
  );
  const heard: DeviceEvent[] = [];
  const done = Promise.withResolvers<void>();
  opened.onEvent((event) => heard.push(event) === told.length && done.resolve());
  opened.request('device.show', {}, anything).catch(() => undefined); // only to make it talk
  await done.promise;
  t.deepEqual(heard, told);
});

test('answers find who asked, in whatever order they come', async (t) => {
  const held: LinkRequest[] = [];
  const opened = await link(t, (request, socket) => {
    held.unshift(request);
    if (held.length === 2)
      for (const { id, method } of held) socket.write(encodeLinkFrame({ id, ok: true, result: { method } }));
    return undefined;
  });
  const shape = record({ method: text() });
  const [one, two] = await Promise.all([
    opened.request('device.show', {}, shape),
    opened.request('image.list', {}, shape),
  ]);
  t.is(one.method, 'device.show');
  t.is(two.method, 'image.list');
});

test('an event reaches every listener until it has enough', async (t) => {
  const event: DeviceEvent = { t: 5, kind: 'log', app: 'Blink', componentId: 'an id', message: 'hello' };
  const { folder } = await device(t, ({ id }, socket) => {
    socket.write(Buffer.concat([encodeLinkFrame({ id, ok: true, result: {} }), encodeLinkFrame({ event })]));
    return undefined;
  });
  const client = await connectDevice(folder);
  t.teardown(() => client.close());
  const heard: DeviceEvent[] = [];
  const next = Promise.withResolvers<void>();
  const stop = await client.events((one) => (heard.push(one), next.resolve()));
  await next.promise;
  stop();
  await client.events(() => undefined);
  t.deepEqual(heard, [event]);
});

test('a listener that throws ends the connection with what it threw, and nothing else', async (t) => {
  const event: DeviceEvent = { t: 5, kind: 'log', app: 'Blink', componentId: 'an id', message: 'hello' };
  const opened = await link(t, (_, socket) => void socket.write(encodeLinkFrame({ event })));
  const fault = new TypeError('a bug of who listens');
  opened.onEvent(() => {
    throw fault;
  });
  t.is(await t.throwsAsync(opened.request('device.show', {}, anything)), fault);
  t.is(await opened.closed, fault);
});

test('an event of an older OS, which names no component, is heard all the same', async (t) => {
  const opened = await link(t, (_, socket) => void socket.write(encodeLinkFrame({ event: older as DeviceEvent })));
  const older = { t: 5, kind: 'log', app: 'Blink', message: 'hello' };
  const heard = Promise.withResolvers<DeviceEvent>();
  opened.onEvent(heard.resolve);
  opened.request('device.show', {}, anything).catch(() => undefined); // only to make it talk
  t.deepEqual(await heard.promise, { ...older, componentId: '' } as DeviceEvent);
});

test('a device that does not answer is given up, and its late answer does no harm', async (t) => {
  let late: (() => void) | undefined;
  const opened = await link(t, ({ id, method }, socket) => {
    if (method === 'image.list') return { id, ok: true, result: {} };
    late = () => socket.write(encodeLinkFrame({ id, ok: true, result: {} }));
    return undefined;
  });
  const error = await t.throwsAsync(opened.request('device.show', {}, anything, { timeoutMs: 20 }));
  t.like(error, { code: 'device-link-timeout' });
  late?.();
  await t.notThrowsAsync(opened.request('image.list', {}, anything));
});

const HOSTILE: readonly (readonly [string, Answer, string])[] = [
  ['a result of another shape', ok({ deviceId: 7 }), 'device-reply-malformed'],
  ['no result', ok(undefined), 'device-reply-malformed'],
  ['a list', ok([]), 'device-reply-malformed'],
  ['a very long text', ok({ deviceId: 'a'.repeat(200) }), 'device-reply-malformed'],
  ['a refusal without a code', ({ id }) => ({ id, ok: false, error: {} as never }), 'device-reply-malformed'],
  [
    'a code that is a sentence',
    ({ id }) => ({ id, ok: false, error: { code: 'No way!', message: '' } }),
    'device-reply-malformed',
  ],
  ['a request of its own', raw({ id: 1, method: 'restart', params: {} }), 'device-reply-malformed'],
  ['a text', raw('hello'), 'device-reply-malformed'],
  ['an event that is none', raw({ event: { kind: 'party', t: 1 } }), 'device-reply-malformed'],
  [
    'an event whose time is a text',
    raw({ event: { kind: 'log', t: '1', app: 'a', message: 'm' } }),
    'device-reply-malformed',
  ],
  ['a frame that would never end', (_, socket) => void socket.write(Buffer.alloc(4, 0xff)), 'device-reply-malformed'],
  ['noise', (_, socket) => void socket.write(Buffer.from([2, 0, 0, 0, 0xc1, 0xc1])), 'device-reply-malformed'],
  ['the end of the cable', (_, socket) => void socket.destroy(), 'device-link-closed'],
];
for (const [what, answer, code] of HOSTILE) {
  test(`a device that answers with ${what} is refused`, async (t) => {
    const opened = await link(t, answer);
    t.like(await t.throwsAsync(opened.request('device.show', {}, record({ deviceId: text(128) }))), { code });
  });
}

test('words of a device cannot steer a terminal', async (t) => {
  const opened = await link(t, ({ id }) => ({
    id,
    ok: false,
    error: { code: 'busy', message: '\u001b[2J\u009bgone\r\n' },
  }));
  const error = await t.throwsAsync(opened.request('device.show', {}, anything));
  t.false(/\p{Cc}/u.test(error?.message ?? '\n'));
});

test('after the cable is gone every call says so', async (t) => {
  const opened = await link(t, () => undefined);
  const pending = t.throwsAsync(opened.request('device.show', {}, anything));
  opened.close();
  t.like(await pending, { code: 'device-link-closed' });
  t.like(await t.throwsAsync(opened.request('device.show', {}, anything)), { code: 'device-link-closed' });
  t.like(await opened.closed, { code: 'device-link-closed' });
});

const OFF: readonly (readonly [string, string | undefined])[] = [
  ['says nothing', undefined],
  ['names nothing', '\n'],
  ['names a socket that is gone', '/nowhere/service.sock\n'],
  ['names two', 'a\nb\n'],
  ['says far too much', 'x'.repeat(5000)],
];
for (const [what, address] of OFF) {
  test(`a device whose folder ${what} is off`, async (t) => {
    const folder = mkdtempSync(join(base, 'off-'));
    if (address !== undefined) writeFileSync(join(folder, 'service.addr'), address);
    t.like(await t.throwsAsync(connectDevice(folder)), { code: 'device-off' });
  });
}
