import test from 'ava';
import type { ComponentId } from '../../../contracts/core/ids.ts';
import { concatBytes } from '../../../contracts/core/bytes.ts';
import type { StorageRequest } from '../../../contracts/wire/app-call/storage-calls.ts';
import { ScriptedMonitor } from '../../../test/support/scripted-monitor.ts';
import { SECOND, VirtualTime, settled } from '../../../test/support/virtual-time.ts';
import type { SecureRequest } from '../../monitor/abi/codec.ts';
import type { SecureCallError } from '../../monitor/abi/secure-call.ts';
import type { RequestOf } from '../secure-calls.ts';
import { SecureCallRefused } from '../secure-calls.ts';
import { AppStorage, STORAGE_IDLE_NS } from './app-storage.ts';
import { STORAGE_BURST, STORAGE_PACE_NS } from './write-allowance.ts';

/** Keeps storages as the real monitor does, in memory. */
class KeepingMonitor extends ScriptedMonitor {
  readonly kept = new Map<ComponentId, Uint8Array>();
  readonly #staged = new Map<ComponentId, Uint8Array>();
  refuses: SecureCallError | undefined;
  writes = 0;

  override async call(request: RequestOf<never> & SecureRequest): Promise<never> {
    return this.#keep(request) as never;
  }

  #keep(request: SecureRequest): unknown {
    if (this.refuses !== undefined) throw new SecureCallRefused(this.refuses, '');
    if (request.call === 'readStorage') {
      const bytes = this.kept.get(request.componentId) ?? new Uint8Array(0);
      return bytes.slice(request.offset, request.offset + request.length);
    }
    if (request.call !== 'writeStorage') throw new Error(request.call);
    const before =
      request.offset === 0 ? new Uint8Array(0) : (this.#staged.get(request.componentId) ?? new Uint8Array(0));
    const staged = concatBytes(before, request.bytes);
    this.#staged.set(request.componentId, staged);
    if (staged.length === request.total) {
      this.kept.set(request.componentId, staged);
      this.writes++;
    }
    return undefined;
  }
}

const A = '00000000-0000-4000-8000-00000000000a' as ComponentId;
const B = '00000000-0000-4000-8000-00000000000b' as ComponentId;
const LIMIT = 64 * 1024;

function bench() {
  const monitor = new KeepingMonitor();
  const time = new VirtualTime();
  const reports: unknown[] = [];
  const open = (): AppStorage => new AppStorage({ monitor, time, report: (error) => reports.push(error) });
  const storage = open();
  const app = (componentId: ComponentId) => ({ componentId, name: 'app', context: 1 });
  const call = async (request: StorageRequest, componentId = A, of = storage): Promise<unknown> => {
    const done = await of.perform(app(componentId), LIMIT, request);
    if (!done.ok) return done.error;
    return done.value.result.kind === 'bytes' ? done.value.result.value : done.value.usedBytes;
  };
  const put = async (length: number, fill: number, componentId = A): Promise<void> => {
    await call({ function: 'storage.create', path: 'f', kind: 'file' }, componentId);
    for (let offset = 0; offset < length; offset += 30_000) {
      const bytes = new Uint8Array(Math.min(30_000, length - offset)).fill(fill);
      await call({ function: 'storage.write', path: 'f', offset, bytes }, componentId);
    }
  };
  const read = (of = storage, componentId = A) =>
    call({ function: 'storage.read', path: 'f', offset: 0, length: 9 }, componentId, of);
  return { monitor, time, reports, open, storage, app, call, put, read };
}
const nine = (fill: number) => new Uint8Array(9).fill(fill);

test('what was synced is there for whoever opens it next, also when it takes several parts; each component has its own', async (t) => {
  const { put, call, open, read, monitor } = bench();
  await put(LIMIT, 7);
  await put(9, 8, B);
  t.is(monitor.writes, 0);
  t.is(await call({ function: 'storage.sync' }), LIMIT);
  await call({ function: 'storage.sync' }, B);
  const later = open();
  t.deepEqual(await read(later), nine(7));
  t.deepEqual(await read(later, B), nine(8));
});

test('what is not synced is kept after a while, once, however much was written', async (t) => {
  const { put, time, monitor } = bench();
  for (let n = 0; n < 50; n++) await put(9, n);
  t.is(monitor.writes, 0);
  await time.advance(STORAGE_IDLE_NS);
  t.is(monitor.writes, 1);
  await time.advance(100n * SECOND);
  t.is(monitor.writes, 1, 'nothing new, nothing written');
  t.is(time.alarms, 0);
});

test('what an app left unsynced is kept when it ends, and forgotten in memory', async (t) => {
  const { put, storage, app, monitor, open, read, time } = bench();
  await put(9, 3);
  storage.release(app(A));
  await settled();
  t.is(monitor.writes, 1);
  t.is(time.alarms, 0);
  t.deepEqual(await read(open()), nine(3));
  t.deepEqual(await read(), nine(3), 'and is read anew');
});

test('whoever syncs too often waits: so many writes at once, then one at a time', async (t) => {
  const { put, call, time, monitor } = bench();
  let answered = 0;
  for (let n = 0; n <= Number(STORAGE_BURST) + 1; n++) {
    void put(9, n);
    void call({ function: 'storage.sync' }).then(() => answered++);
    await time.advance(0n);
  }
  await time.advance(SECOND);
  const atOnce = monitor.writes;
  t.true(atOnce >= 1 && atOnce <= Number(STORAGE_BURST));
  await time.advance(20n * STORAGE_PACE_NS * STORAGE_BURST);
  t.is(answered, Number(STORAGE_BURST) + 2, 'all are answered in the end');
  t.is(time.alarms, 0);
});

test('the end of the app does not wait for the allowance', async (t) => {
  const { put, call, time, monitor, storage, app } = bench();
  for (let n = 0; n < 2 * Number(STORAGE_BURST); n++) {
    void put(9, n);
    void call({ function: 'storage.sync' });
  }
  await time.advance(SECOND);
  storage.release(app(A));
  for (let n = 0; n < 100; n++) {
    storage.release(app(A));
    await settled();
  }
  t.deepEqual([...(monitor.kept.get(A) ?? [])].slice(-9), [...nine(2 * Number(STORAGE_BURST) - 1)]);
});

test('a storage that is lost on flash begins anew and is reported; a full or failing flash is told to the app', async (t) => {
  const { put, call, monitor, reports, read } = bench();
  monitor.refuses = 'storage-lost';
  t.is(await read(), 'no-entry');
  t.like(reports, [{ code: 'storage-lost' }]);
  monitor.refuses = undefined;
  await put(9, 1);
  for (const [refusal, answer] of [
    ['flash-full', 'no-space'],
    ['internal', 'io'],
  ] as const) {
    monitor.refuses = refusal;
    t.is(await call({ function: 'storage.sync' }), answer);
  }
  monitor.refuses = undefined;
  t.is(await call({ function: 'storage.sync' }), 9, 'and is kept as soon as it can be');
  t.deepEqual(await read(), nine(1));
});

test('bytes from flash that are no storage begin anew, too', async (t) => {
  const { monitor, read, reports } = bench();
  monitor.kept.set(A, Uint8Array.of(99, 1, 2, 3));
  t.is(await read(), 'no-entry');
  t.like(reports, [{ code: 'volume-version-unsupported' }]);
});
