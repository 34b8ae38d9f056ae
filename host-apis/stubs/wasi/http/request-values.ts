// What a request is made of as values of the canonical ABI, for both sides of one. Decides nothing.

import type { Case } from '../../../../component/value-types.ts';
import { none, some } from '../options.ts';
import { METHODS } from './http-request.ts';
import type { Scheme } from './http-request.ts';

export function methodValue(method: string): Case {
  const index = (METHODS as readonly string[]).indexOf(method);
  return index === -1 ? { index: METHODS.length, value: method } : { index, value: undefined };
}

export function schemeValue(scheme: Scheme): Case {
  if (scheme.kind === 'other') return { index: 2, value: scheme.name };
  return { index: scheme.kind === 'http' ? 0 : 1, value: undefined };
}

export function optional(text: string | undefined): Case {
  return text === undefined ? none() : some(text);
}
