// Options as values of the canonical ABI. Decides nothing.

import type { Case, Value } from '../../../component/value-types.ts';

export function none(): Case {
  return { index: 0, value: undefined };
}

export function some(value: Value): Case {
  return { index: 1, value };
}
