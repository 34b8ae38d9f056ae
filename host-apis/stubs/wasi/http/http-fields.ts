// Headers of HTTP as wasi:http holds them, and the rules of what may be one. Never a byte that could end a line, or begin another message
// (request smuggling, RFC 9112 section 11.2).

export type FieldList = readonly (readonly [name: string, value: Uint8Array])[];
export type FieldFault = 'invalid-syntax' | 'forbidden' | 'immutable';

/** RFC 9110 section 5.6.2, `token`. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** They belong to the connection, which is the host's. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);
/** All of them together, names and values. */
export const FIELDS_MAX_BYTES = 16 * 1024;

/** Whether it belongs to the connection: a guest neither sets nor sees it. */
export function isForbidden(name: string): boolean {
  return FORBIDDEN.has(name.toLowerCase());
}

export function isToken(text: string): boolean {
  return NAME.test(text);
}

/** Visible characters, spaces, tabs and what is beyond ASCII; no control character (RFC 9110 section 5.5). */
export function isFieldValue(value: Uint8Array): boolean {
  return value.every((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));
}

export class HttpFields {
  readonly isImmutable: boolean;
  #list: (readonly [name: string, value: Uint8Array])[];

  constructor(list: FieldList = [], { isImmutable = false } = {}) {
    this.#list = [...list];
    this.isImmutable = isImmutable;
  }

  get entries(): FieldList {
    return this.#list;
  }

  get(name: string): readonly Uint8Array[] {
    return this.#list.flatMap(([own, value]) => (sameName(own, name) ? [value] : []));
  }

  has(name: string): boolean {
    return this.#list.some(([own]) => sameName(own, name));
  }

  set(name: string, values: readonly Uint8Array[]): FieldFault | undefined {
    const fault = this.#faultOf(name, values);
    if (fault !== undefined) return fault;
    const others = this.#list.filter(([own]) => !sameName(own, name));
    return this.#replace([...others, ...values.map((value) => [name, value] as const)]);
  }

  append(name: string, value: Uint8Array): FieldFault | undefined {
    return this.#faultOf(name, [value]) ?? this.#replace([...this.#list, [name, value]]);
  }

  delete(name: string): FieldFault | undefined {
    const fault = this.#faultOf(name, []);
    if (fault !== undefined) return fault;
    return this.#replace(this.#list.filter(([own]) => !sameName(own, name)));
  }

  #replace(list: FieldList): FieldFault | undefined {
    // wasi:http has no error for too many of them; this one is for what no server would take.
    if (sizeOf(list) > FIELDS_MAX_BYTES) return 'invalid-syntax';
    this.#list = [...list];
    return undefined;
  }

  #faultOf(name: string, values: readonly Uint8Array[]): FieldFault | undefined {
    if (this.isImmutable) return 'immutable';
    if (!isToken(name) || !values.every(isFieldValue)) return 'invalid-syntax';
    return isForbidden(name) ? 'forbidden' : undefined;
  }
}

/** A mutable one of these entries, or why it cannot be. */
export function fieldsOf(list: FieldList): HttpFields | FieldFault {
  const fields = new HttpFields();
  for (const [name, value] of list) {
    const fault = fields.append(name, value);
    if (fault !== undefined) return fault;
  }
  return fields;
}

export function sizeOf(list: FieldList): number {
  return list.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
