// What a component imports against what its manifest grants. Never a reason to trust it on the device: there each call is checked.

import type { ComponentDefinition } from '../../component/definitions.ts';
import { importNames } from '../../component/definitions.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import type { SupportedCapability } from '../../host-apis/capabilities.ts';
import { INTERFACE_CAPABILITY } from '../../host-apis/capabilities.ts';
import { ServiceError } from './service-error.ts';

/** Errors: `image-import-not-offered`, `image-import-not-granted`. */
export function requireGrantedImports(component: ComponentDefinition, manifest: PackagedManifest): void {
  const granted = new Set<SupportedCapability>(manifest.gpioPins.length > 0 ? ['Gpio'] : []);
  for (const name of importNames(component)) {
    if (!Object.hasOwn(INTERFACE_CAPABILITY, name)) {
      throw refused('image-import-not-offered', `the app imports ${name}, which no device offers`);
    }
    const capability = INTERFACE_CAPABILITY[name];
    if (capability !== undefined && !granted.has(capability)) {
      throw refused('image-import-not-granted', `the app imports ${name}, its manifest grants no ${capability}`);
    }
  }
}

function refused(code: 'image-import-not-offered' | 'image-import-not-granted', message: string): ServiceError {
  return new ServiceError(code, message, { fault: 'caller' });
}
