// A module's own text with one place changed, for a build that shows an attack. Never an edit that hit nothing, or more than it meant.

import { readFileSync } from 'node:fs';
import type { Replacement } from './bundle.ts';
import { inCheckout } from './checkout.ts';
import { FactoryError } from './factory-error.ts';

export interface SourceEdit {
  /** From the top of the checkout. */
  readonly path: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly by: string;
  /** Added at the file's end. */
  readonly append?: string;
}

/** Errors: `source-edit-missed`. */
export function editedSource({ path, find, by, append = '' }: SourceEdit): Replacement {
  const source = readFileSync(inCheckout(path), 'utf8');
  const found = source.split(find).length - 1;
  if (found === 1) return { path, by: source.replace(find, () => by) + append };
  throw new FactoryError('source-edit-missed', `${path} holds ${found} places of: ${find}`, {
    fault: 'caller',
    details: { path, found },
  });
}
