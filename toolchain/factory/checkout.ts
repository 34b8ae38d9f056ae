// Where this checkout lies, for the programs in it that are bundled or started. Never anything outside it.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top folder. */
export const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

/** The absolute path of a file, given from the top. */
export function inCheckout(path: string): string {
  return join(CHECKOUT, path);
}
