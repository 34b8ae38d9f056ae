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
export function editedSource(edit: SourceEdit): Replacement {
  return { path: edit.path, by: edited(readFileSync(inCheckout(edit.path), 'utf8'), edit) };
}

/** Several edits, also of one file: each is held to the text that those before it left. Errors: `source-edit-missed`. */
export function editedSources(edits: readonly SourceEdit[]): readonly Replacement[] {
  const texts = new Map<string, string>();
  for (const edit of edits) {
    const { path } = edit;
    texts.set(path, edited(texts.get(path) ?? readFileSync(inCheckout(path), 'utf8'), edit));
  }
  return [...texts].map(([path, by]) => ({ path, by }));
}

function edited(source: string, { path, find, by, append = '' }: SourceEdit): string {
  const found = source.split(find).length - 1;
  if (found === 1) return source.replace(find, () => by) + append;
  throw new FactoryError('source-edit-missed', `${path} holds ${found} places of: ${find}`, {
    fault: 'caller',
    details: { path, found },
  });
}
