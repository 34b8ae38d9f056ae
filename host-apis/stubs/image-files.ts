// casemate:device/image-files: served in this process from the bytes that the monitor verified. Never a path of any file system.

import type { ImageFiles } from '../../contracts/core/image-files.ts';
import type { HostInterface } from '../../component/host-interface.ts';
import { hostFunction, hostType } from '../../component/host-interface.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';
import { ERROR_CODE, failed, fallible, ok } from './results.ts';

/** device.wit, `read`. */
const READ_MAX_BYTES = 32_768;
const { string, u8, u32, u64 } = PRIMITIVE_TYPES;

export function imageFilesInterface(files: ImageFiles): HostInterface {
  return new Map([
    ['error-code', hostType(ERROR_CODE)],
    [
      'size',
      hostFunction([{ name: 'path', type: string }], fallible(u64), (path) => {
        if (!isInside(path)) return failed('invalid-argument');
        const file = files.get(path);
        return file === undefined ? failed('no-entry') : ok(BigInt(file.length));
      }),
    ],
    [
      'read',
      hostFunction(
        [
          { name: 'path', type: string },
          { name: 'offset', type: u64 },
          { name: 'length', type: u32 },
        ],
        fallible({ kind: 'list', element: u8 }),
        (path, offset, length) => {
          if (!isInside(path)) return failed('invalid-argument');
          const file = files.get(path);
          if (file === undefined) return failed('no-entry');
          const start = offset > BigInt(file.length) ? file.length : Number(offset);
          return ok(file.subarray(start, start + Math.min(length, READ_MAX_BYTES)));
        },
      ),
    ],
  ]);
}

/** No leading slash, no empty, `.` or `..` segment: what could not name a file of the image is the caller's mistake. */
function isInside(path: string): boolean {
  return path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}
