// What a component imports against what its manifest grants. Never a reason to trust it on the device: there each call is checked.

import type { ComponentDefinition } from '../../component/definitions.ts';
import { importedFunctions } from '../../component/imported-functions.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { capabilitiesOf } from '../../host-apis/capabilities.ts';
import { refusedImports } from '../../host-apis/capability-imports.ts';
import { ServiceError } from './service-error.ts';

/**
 * `manifest`: of the app, or the entry of a dependency in it. `supplied`: imports that a dependency satisfies. Errors:
 * `image-import-not-offered`, `image-import-not-granted` with the manifest line to add.
 */
export function requireGrantedImports(
  component: ComponentDefinition,
  manifest: Pick<PackagedManifest, 'asked' | 'gpioPins'>,
  supplied: ReadonlySet<string> = new Set(),
): void {
  const granted = capabilitiesOf({ ...manifest.asked, gpioPins: manifest.gpioPins });
  const wanted = importedFunctions(component).filter(({ name }) => !supplied.has(name));
  const [refused] = refusedImports(wanted, granted);
  if (refused === undefined) return;
  const details =
    refused.code === 'import-not-offered'
      ? { interface: refused.interface }
      : { interface: refused.interface, function: refused.function, line: refused.line };
  throw new ServiceError(`image-${refused.code}`, refused.message, { fault: 'caller', hint: refused.hint, details });
}
