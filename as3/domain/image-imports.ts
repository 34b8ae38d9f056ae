// What a component imports against what its manifest grants. Never a reason to trust it on the device: there each call is checked.

import type { ComponentDefinition } from '../../component/definitions.ts';
import { importNames } from '../../component/definitions.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { capabilitiesOf, interfaceCapabilities } from '../../host-apis/capabilities.ts';
import { ServiceError } from './service-error.ts';

/** Errors: `image-import-not-offered`, `image-import-not-granted`. */
export function requireGrantedImports(component: ComponentDefinition, manifest: PackagedManifest): void {
  const granted = capabilitiesOf({ ...manifest.asked, gpioPins: manifest.gpioPins });
  for (const name of importNames(component)) {
    const anyOf = interfaceCapabilities(name);
    if (anyOf === undefined) {
      throw refused('image-import-not-offered', `the app imports ${name}, which no device offers`);
    }
    if (anyOf.length > 0 && !anyOf.some((capability) => granted.has(capability))) {
      const wanted = anyOf.join(' or ');
      throw refused('image-import-not-granted', `the app imports ${name}, its manifest grants no ${wanted}`);
    }
  }
}

function refused(code: 'image-import-not-offered' | 'image-import-not-granted', message: string): ServiceError {
  return new ServiceError(code, message, { fault: 'caller' });
}
