// Bytes in JSON: base64 of RFC 4648 section 4 and no other spelling. Never skips what it does not know, as Node's own decoder does:
// two spellings would pass for one value.

import { ApiError } from './api-error.ts';

/** `target`: the property, for the refusal. Errors: `request-malformed`. */
export function base64Bytes(text: string, target: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') === text) return Uint8Array.from(bytes);
  throw new ApiError('request-malformed', `${target} is not base64`, { fault: 'peer', details: { target } });
}
