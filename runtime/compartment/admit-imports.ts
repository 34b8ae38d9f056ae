// Whether the grants of an app open what its component imports. Asked before anything is linked, and never instead of the broker's checks.

import { ComponentError } from '../../component/component-error.ts';
import type { ComponentDefinition } from '../../component/definitions.ts';
import { importedFunctions } from '../../component/imported-functions.ts';
import type { GrantList } from '../../contracts/core/grants.ts';
import { capabilitiesOf } from '../../host-apis/capabilities.ts';
import { refusedImports } from '../../host-apis/capability-imports.ts';

/**
 * `supplied`: imports that a dependency of the app satisfies, which are no interfaces of the device. Errors: `import-not-offered`,
 * `import-not-granted` with the function and the manifest line to add.
 */
export function admitImports(
  component: ComponentDefinition,
  grants: Omit<GrantList, 'memoryBytes'>,
  supplied: ReadonlySet<string> = new Set(),
): void {
  const wanted = importedFunctions(component).filter(({ name }) => !supplied.has(name));
  // A world may import a type by its own name; whether that is one it already has is the linker's business.
  const refused = refusedImports(
    wanted.filter(({ name }) => name.includes(':')),
    capabilitiesOf(grants),
  );
  const [first] = refused;
  if (first === undefined) return;
  const details =
    first.code === 'import-not-offered'
      ? { interface: first.interface }
      : { interface: first.interface, function: first.function, line: first.line };
  const message = first.code === 'import-not-offered' ? first.message : `${first.message}; ${first.hint}`;
  throw new ComponentError(first.code, message, { hint: first.hint, details });
}
