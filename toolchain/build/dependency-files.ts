// The components that a manifest names as dependencies, as files of the image. Never one whose bytes are not the ones that were proven.

import { readComponent } from '../../component/binary/read-component.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import type { ImageFiles } from '../../contracts/core/image-files.ts';
import type { Manifest } from '../../contracts/wire/manifest.ts';
import { capabilitiesOf } from '../../host-apis/capabilities.ts';
import { auditImports, requireGrants } from './audit-imports.ts';
import { BuildError } from './build-error.ts';
import { sha256 } from './package-app.ts';

/**
 * By the path that the manifest gives. `read`: a file of the app folder. Errors: `file-missing`, `dependency-digest-mismatch`,
 * `import-not-granted` when a component imports what its own part of the capabilities does not open, `ComponentErrorCode`.
 */
export function dependencyFiles(manifest: Manifest, read: (path: string) => Uint8Array | undefined): ImageFiles {
  const files = new Map<string, Uint8Array>();
  for (const { component: path, sha256: wanted, gpio, asked, import: name } of manifest.dependencies) {
    const bytes = read(path);
    if (bytes === undefined) {
      throw new BuildError('file-missing', `${path}, a dependency of the manifest, does not exist`, {
        fault: 'caller',
        details: { path },
      });
    }
    const digest = bytesToHex(sha256(bytes));
    if (digest !== wanted) {
      throw new BuildError(
        'dependency-digest-mismatch',
        `${path} is not the component that the manifest names for ${name}`,
        {
          fault: 'caller',
          hint: `if it is meant: "Sha256": "${digest}"`,
          details: { path, digest },
        },
      );
    }
    const granted = capabilitiesOf({ ...asked, gpioPins: gpio.map((_, index) => index) });
    requireGrants(auditImports(readComponent(bytes), granted));
    files.set(path, bytes);
  }
  return files;
}
