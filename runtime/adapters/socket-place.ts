// A place for a device's socket, and the note that says where it is. Never a path that is too long for a Unix socket.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inFolder, removeFile, writeNote } from './folder.ts';

/** What every system takes: sun_path has 108 bytes on Linux and 104 on macOS, the ending zero included. */
const SOCKET_PATH_MAX_BYTES = 103;

export interface SocketPlace {
  /** Bind the socket here. */
  readonly path: string;
  /** Writes the address note, when the socket listens. */
  announce(): void;
  /** Removes socket and note. */
  clear(): void;
}

/** `name` in the folder when the path is short enough, otherwise in a private folder (0700) among the temporary ones. */
export function placeSocket(folder: string, name: string, noteName: string): SocketPlace {
  const own = inFolder(folder, name);
  const note = inFolder(folder, noteName);
  const isShort = Buffer.byteLength(own) <= SOCKET_PATH_MAX_BYTES;
  const elsewhere = isShort ? undefined : mkdtempSync(join(tmpdir(), 'casemate-'));
  const path = elsewhere === undefined ? own : join(elsewhere, name);
  // A device that lost its power leaves its socket behind.
  removeFile(path);
  return {
    path,
    announce: () => writeNote(note, `${path}\n`),
    clear() {
      removeFile(note);
      removeFile(path);
      if (elsewhere !== undefined) rmSync(elsewhere, { recursive: true, force: true });
    },
  };
}
