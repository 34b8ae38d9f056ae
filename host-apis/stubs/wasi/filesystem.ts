// wasi:filesystem: the preopened folders and their descriptors for the guest. Marshals only: the rules stand in descriptors.ts.

import type { HostInterface, HostOffers } from '../../../component/host-interface.ts';
import { blockingHostFunction, hostFunction, hostResource, hostType } from '../../../component/host-interface.ts';
import type { Later } from '../../../contracts/core/later.ts';
import { after } from '../../../contracts/core/later.ts';
import type { Case, RecordType, ResultType, Value, ValueType, VariantType } from '../../../component/value-types.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../../component/value-types.ts';
import type { StorageEntry, StorageStat } from '../../../contracts/wire/app-call/storage-calls.ts';
import { none, some } from './options.ts';
import { DATETIME } from './clocks.ts';
import { DESCRIPTOR_FLAG, Descriptor, OpenDescriptors } from './descriptors.ts';
import type { FileKind, FileSystem, FsErrorCode, FsRefusal, OrRefusal } from './file-system.ts';
import { FS_ERROR_CODES, isRefusal, refused } from './file-system.ts';
import { HostTable } from './host-table.ts';
import type { WasiIo } from './io.ts';
import { pathHash } from './path-hash.ts';

const { bool, string, u8, u64 } = PRIMITIVE_TYPES;
const BYTES = { kind: 'list', element: u8 } as const;
const ERROR_CODE = { kind: 'enum', names: FS_ERROR_CODES } as const;
const DESCRIPTOR_TYPE = {
  kind: 'enum',
  names: [
    'unknown',
    'block-device',
    'character-device',
    'directory',
    'fifo',
    'symbolic-link',
    'regular-file',
    'socket',
  ],
} as const;
const DESCRIPTOR_FLAGS = {
  kind: 'flags',
  names: ['read', 'write', 'file-integrity-sync', 'data-integrity-sync', 'requested-write-sync', 'mutate-directory'],
} as const;
const PATH_FLAGS = { kind: 'flags', names: ['symlink-follow'] } as const;
const OPEN_FLAGS = { kind: 'flags', names: ['create', 'directory', 'exclusive', 'truncate'] } as const;
const ADVICE = {
  kind: 'enum',
  names: ['normal', 'sequential', 'random', 'will-need', 'dont-need', 'no-reuse'],
} as const;
const TIMESTAMP: ValueType = { kind: 'option', some: DATETIME };
const DESCRIPTOR_STAT: RecordType = {
  kind: 'record',
  fields: [
    { name: 'type', type: DESCRIPTOR_TYPE },
    { name: 'link-count', type: u64 },
    { name: 'size', type: u64 },
    { name: 'data-access-timestamp', type: TIMESTAMP },
    { name: 'data-modification-timestamp', type: TIMESTAMP },
    { name: 'status-change-timestamp', type: TIMESTAMP },
  ],
};
const NEW_TIMESTAMP: VariantType = {
  kind: 'variant',
  cases: [
    { name: 'no-change', type: undefined },
    { name: 'now', type: undefined },
    { name: 'timestamp', type: DATETIME },
  ],
};
const DIRECTORY_ENTRY: RecordType = {
  kind: 'record',
  fields: [
    { name: 'type', type: DESCRIPTOR_TYPE },
    { name: 'name', type: string },
  ],
};
const METADATA_HASH: RecordType = {
  kind: 'record',
  fields: [
    { name: 'lower', type: u64 },
    { name: 'upper', type: u64 },
  ],
};

/** A folder that the app finds open. */
export interface Preopen {
  /** Absolute, as the guest names it. */
  readonly name: string;
  readonly files: FileSystem;
}

export function filesystemOffers(io: WasiIo, preopens: readonly Preopen[]): HostOffers {
  const table = new HostTable<Descriptor>((held) => open.close(held));
  const open = new OpenDescriptors();
  const descriptor = new ResourceType('descriptor', (rep) => table.drop(rep));
  return new Map([
    ['wasi:filesystem/types@0.2.0', typesInterface(io, { table, open, descriptor })],
    ['wasi:filesystem/preopens@0.2.0', preopensInterface(preopens, { table, open, descriptor })],
  ]);
}

interface Descriptors {
  readonly table: HostTable<Descriptor>;
  readonly open: OpenDescriptors;
  readonly descriptor: ResourceType;
}

function preopensInterface(preopens: readonly Preopen[], { table, open, descriptor }: Descriptors): HostInterface {
  const own = { kind: 'own', resource: descriptor } as const;
  const list = { kind: 'list', element: { kind: 'tuple', elements: [own, string] } } as const;
  const openAll = (): Value =>
    preopens.flatMap(({ name, files }) => {
      const flags = DESCRIPTOR_FLAG.read | (files.isReadOnly ? 0 : DESCRIPTOR_FLAG.mutateDirectory);
      const opened = open.add(new Descriptor(files, '', 'directory', flags));
      return isRefusal(opened) ? [] : [[table.add(opened), name]];
    });
  return new Map([
    ['descriptor', hostResource(descriptor)],
    ['get-directories', hostFunction([], list, openAll)],
  ]);
}

function typesInterface(io: WasiIo, { table, open, descriptor }: Descriptors): HostInterface {
  const listings = new HostTable<StorageEntry[]>();
  const entryStream = new ResourceType('directory-entry-stream', (rep) => listings.drop(rep));
  const borrowed = { kind: 'borrow', resource: descriptor } as const;
  const receiver = { name: 'self', type: borrowed } as const;
  const stream = { name: 'self', type: { kind: 'borrow', resource: entryStream } } as const;
  const text = <const N extends string>(name: N) => ({ name, type: string }) as const;
  const number = <const N extends string>(name: N) => ({ name, type: u64 }) as const;
  const pathFlags = { name: 'path-flags', type: PATH_FLAGS } as const;
  const access = { name: 'data-access-timestamp', type: NEW_TIMESTAMP } as const;
  const modification = { name: 'data-modification-timestamp', type: NEW_TIMESTAMP } as const;
  const own = (resource: ResourceType): ValueType => ({ kind: 'own', resource });

  /** Nobody keeps times, links or symbolic links here: refused, and as read-only where nothing can be changed at all. */
  const unkept = (rep: number): Case => failed(table.get(rep).files.isReadOnly ? 'read-only' : 'unsupported');
  const openedAt = (rep: number, path: string, openFlags: number, flags: number): Later<Case> =>
    after(table.get(rep).openAt(path, openFlags, flags), (made) => {
      const added = isRefusal(made) ? made : open.add(made);
      return answer(added, (held) => table.add(held));
    });
  const removeAt = (rep: number, path: string, kind: FileKind): Later<Case> => {
    const { files } = table.get(rep);
    const place = table.get(rep).toChange(path);
    return isRefusal(place) ? failed(place.refused) : done(files.remove(place.path, kind));
  };
  const createFolderAt = (rep: number, path: string): Later<Case> => {
    const { files } = table.get(rep);
    const place = table.get(rep).toChange(path);
    return isRefusal(place) ? failed(place.refused) : done(files.create(place.path, 'directory'));
  };
  const renameAt = (rep: number, oldPath: string, newRep: number, newPath: string): Later<Case> => {
    const [from, to] = [table.get(rep), table.get(newRep)];
    if (from.files !== to.files) return failed('cross-device');
    const [old, next] = [from.toChange(oldPath), to.toChange(newPath)];
    if (isRefusal(old)) return failed(old.refused);
    if (isRefusal(next)) return failed(next.refused);
    return after(from.files.rename(old.path, next.path), (refusal) => {
      if (refusal !== undefined) return failed(refusal.refused);
      open.renamed(from.files, old.path, next.path);
      return OK;
    });
  };
  const statAt = (rep: number, path: string): Later<OrRefusal<StorageStat>> => {
    const { files } = table.get(rep);
    const place = table.get(rep).at(path);
    if (isRefusal(place)) return place;
    return after(files.stat(place.path), (stat) =>
      !isRefusal(stat) && place.isFolder && stat.kind === 'file' ? refused('not-directory') : stat,
    );
  };
  const hashAt = (rep: number, path: string): Later<Case> => {
    const place = table.get(rep).at(path);
    return after(statAt(rep, path), (stat) =>
      answer(stat, () => pathHash(isRefusal(place) ? '' : place.path, isReadOnly(rep))),
    );
  };
  const isReadOnly = (rep: number): boolean => table.get(rep).files.isReadOnly;

  return new Map([
    ['input-stream', hostResource(io.inputStream)],
    ['output-stream', hostResource(io.outputStream)],
    ['error', hostResource(io.error)],
    ['descriptor', hostResource(descriptor)],
    ['directory-entry-stream', hostResource(entryStream)],
    ['datetime', hostType(DATETIME)],
    ['filesize', hostType(u64)],
    ['link-count', hostType(u64)],
    ['descriptor-type', hostType(DESCRIPTOR_TYPE)],
    ['descriptor-flags', hostType(DESCRIPTOR_FLAGS)],
    ['descriptor-stat', hostType(DESCRIPTOR_STAT)],
    ['path-flags', hostType(PATH_FLAGS)],
    ['open-flags', hostType(OPEN_FLAGS)],
    ['new-timestamp', hostType(NEW_TIMESTAMP)],
    ['directory-entry', hostType(DIRECTORY_ENTRY)],
    ['error-code', hostType(ERROR_CODE)],
    ['advice', hostType(ADVICE)],
    ['metadata-hash-value', hostType(METADATA_HASH)],
    [
      '[method]descriptor.read-via-stream',
      hostFunction([receiver, number('offset')], fallible(own(io.inputStream)), (rep, offset) =>
        answer(table.get(rep).readStream(offset), (made) => io.inputs.add(made)),
      ),
    ],
    [
      '[method]descriptor.write-via-stream',
      hostFunction([receiver, number('offset')], fallible(own(io.outputStream)), (rep, offset) =>
        answer(table.get(rep).writeStream(offset), (made) => io.outputs.add(made)),
      ),
    ],
    [
      '[method]descriptor.append-via-stream',
      hostFunction([receiver], fallible(own(io.outputStream)), (rep) =>
        answer(table.get(rep).writeStream(undefined), (made) => io.outputs.add(made)),
      ),
    ],
    [
      '[method]descriptor.advise',
      hostFunction(
        [receiver, number('offset'), number('length'), { name: 'advice', type: ADVICE }],
        fallible(),
        () => OK,
      ),
    ],
    [
      '[method]descriptor.sync-data',
      blockingHostFunction([receiver], fallible(), (rep) => done(table.get(rep).files.sync())),
    ],
    [
      '[method]descriptor.sync',
      blockingHostFunction([receiver], fallible(), (rep) => done(table.get(rep).files.sync())),
    ],
    [
      '[method]descriptor.get-flags',
      hostFunction([receiver], fallible(DESCRIPTOR_FLAGS), (rep) => answer(table.get(rep).flags, (flags) => flags)),
    ],
    [
      '[method]descriptor.get-type',
      hostFunction([receiver], fallible(DESCRIPTOR_TYPE), (rep) => answer(typeOf(table.get(rep).kind), (type) => type)),
    ],
    [
      '[method]descriptor.set-size',
      blockingHostFunction([receiver, number('size')], fallible(), (rep, size) => done(table.get(rep).setSize(size))),
    ],
    ['[method]descriptor.set-times', hostFunction([receiver, access, modification], fallible(), unkept)],
    [
      '[method]descriptor.set-times-at',
      hostFunction([receiver, pathFlags, text('path'), access, modification], fallible(), unkept),
    ],
    [
      '[method]descriptor.read',
      blockingHostFunction(
        [receiver, number('length'), number('offset')],
        fallible({ kind: 'tuple', elements: [BYTES, bool] }),
        (rep, length, offset) =>
          // An empty answer to a question for bytes is the end; a short one may be only as much as goes over at once.
          answerLater(table.get(rep).read(length, offset), (bytes) => [bytes, bytes.length === 0 && length > 0n]),
      ),
    ],
    [
      '[method]descriptor.write',
      blockingHostFunction(
        [receiver, { name: 'buffer', type: BYTES }, number('offset')],
        fallible(u64),
        (rep, bytes, offset) => answerLater(table.get(rep).write(bytes, offset), (count) => BigInt(count)),
      ),
    ],
    [
      '[method]descriptor.read-directory',
      blockingHostFunction([receiver], fallible(own(entryStream)), (rep) =>
        answerLater(table.get(rep).list(), (entries) => listings.add([...entries])),
      ),
    ],
    [
      '[method]directory-entry-stream.read-directory-entry',
      hostFunction([stream], fallible({ kind: 'option', some: DIRECTORY_ENTRY }), (rep) => {
        const entry = listings.get(rep).shift();
        return { index: 0, value: entry === undefined ? none() : some([typeOf(entry.kind), entry.name]) };
      }),
    ],
    [
      '[method]descriptor.create-directory-at',
      blockingHostFunction([receiver, text('path')], fallible(), createFolderAt),
    ],
    [
      '[method]descriptor.stat',
      blockingHostFunction([receiver], fallible(DESCRIPTOR_STAT), (rep) =>
        answerLater(table.get(rep).stat(), statValue),
      ),
    ],
    [
      '[method]descriptor.stat-at',
      blockingHostFunction([receiver, pathFlags, text('path')], fallible(DESCRIPTOR_STAT), (rep, _flags, path) =>
        answerLater(statAt(rep, path), statValue),
      ),
    ],
    [
      '[method]descriptor.link-at',
      hostFunction(
        [
          receiver,
          { name: 'old-path-flags', type: PATH_FLAGS },
          text('old-path'),
          { name: 'new-descriptor', type: borrowed },
          text('new-path'),
        ],
        fallible(),
        unkept,
      ),
    ],
    [
      '[method]descriptor.open-at',
      blockingHostFunction(
        [
          receiver,
          pathFlags,
          text('path'),
          { name: 'open-flags', type: OPEN_FLAGS },
          { name: 'flags', type: DESCRIPTOR_FLAGS },
        ],
        fallible(own(descriptor)),
        (rep, _flags, path, openFlags, flags) => openedAt(rep, path, openFlags, flags),
      ),
    ],
    [
      '[method]descriptor.readlink-at',
      blockingHostFunction([receiver, text('path')], fallible(string), (rep, path) =>
        // There are no symbolic links: what is there is none.
        after(statAt(rep, path), (stat) => failed(isRefusal(stat) ? stat.refused : 'invalid')),
      ),
    ],
    [
      '[method]descriptor.remove-directory-at',
      blockingHostFunction([receiver, text('path')], fallible(), (rep, path) => removeAt(rep, path, 'directory')),
    ],
    [
      '[method]descriptor.rename-at',
      blockingHostFunction(
        [receiver, text('old-path'), { name: 'new-descriptor', type: borrowed }, text('new-path')],
        fallible(),
        renameAt,
      ),
    ],
    ['[method]descriptor.symlink-at', hostFunction([receiver, text('old-path'), text('new-path')], fallible(), unkept)],
    [
      '[method]descriptor.unlink-file-at',
      blockingHostFunction([receiver, text('path')], fallible(), (rep, path) => removeAt(rep, path, 'file')),
    ],
    [
      '[method]descriptor.is-same-object',
      hostFunction([receiver, { name: 'other', type: borrowed }], bool, (rep, other) => {
        const [a, b] = [table.get(rep), table.get(other)];
        return a.files === b.files && a.path === b.path;
      }),
    ],
    [
      '[method]descriptor.metadata-hash',
      blockingHostFunction([receiver], fallible(METADATA_HASH), (rep) =>
        answerLater(table.get(rep).stat(), () => pathHash(table.get(rep).path, isReadOnly(rep))),
      ),
    ],
    [
      '[method]descriptor.metadata-hash-at',
      blockingHostFunction([receiver, pathFlags, text('path')], fallible(METADATA_HASH), (rep, _flags, path) =>
        hashAt(rep, path),
      ),
    ],
    [
      'filesystem-error-code',
      hostFunction(
        [{ name: 'err', type: { kind: 'borrow', resource: io.error } }],
        { kind: 'option', some: ERROR_CODE },
        (rep) => {
          const { code } = io.errors.get(rep);
          return code?.of === 'filesystem' ? some(FS_ERROR_CODES.indexOf(code.value as FsErrorCode)) : none();
        },
      ),
    ],
  ]);
}

const OK: Case = { index: 0, value: undefined };

function fallible(ok?: ValueType): ResultType {
  return { kind: 'result', ok, error: ERROR_CODE };
}

function failed(code: FsErrorCode): Case {
  return { index: 1, value: FS_ERROR_CODES.indexOf(code) };
}

function answer<T>(outcome: OrRefusal<T>, toValue: (given: T) => Value): Case {
  return isRefusal(outcome) ? failed(outcome.refused) : { index: 0, value: toValue(outcome) };
}

function answerLater<T>(outcome: Later<OrRefusal<T>>, toValue: (given: T) => Value): Later<Case> {
  return after(outcome, (given) => answer(given, toValue));
}

function done(outcome: Later<FsRefusal | undefined>): Later<Case> {
  return after(outcome, (refusal) => (refusal === undefined ? OK : failed(refusal.refused)));
}

function typeOf(kind: FileKind): number {
  return DESCRIPTOR_TYPE.names.indexOf(kind === 'file' ? 'regular-file' : 'directory');
}

function statValue({ kind, size }: StorageStat): Value {
  return [typeOf(kind), 1n, BigInt(size), none(), none(), none()];
}
