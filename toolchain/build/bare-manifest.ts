// The manifest of a component that comes without one: a name, an id, and no right to anything. Never a guess at what it might need.

import { basename } from 'node:path';
import { componentIdFromBytes } from '../../contracts/core/ids.ts';
import type { Manifest } from '../../contracts/wire/manifest.ts';
import { parseManifest } from './app-source.ts';
import { sha256 } from './package-app.ts';

/** The id follows from the file's name: the same program, built again, is the same component. */
export function bareManifest(componentFile: string): Manifest {
  const name =
    basename(componentFile)
      .replace(/\.wasm$/, '')
      .replaceAll(/[^\w.-]/g, '_')
      .slice(0, 64) || 'component';
  const id = sha256(new TextEncoder().encode(`casemate bare component ${name}`)).slice(0, 16);
  // RFC 9562 section 5.8: a UUID whose bits are the maker's own.
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x80;
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  const manifest = {
    SchemaVersion: 1,
    Name: name,
    ComponentId: componentIdFromBytes(id),
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: {},
    ApplicationType: 'Default',
  };
  return parseManifest(new TextEncoder().encode(JSON.stringify(manifest)), `${componentFile} (no manifest)`);
}
