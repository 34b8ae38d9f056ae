// The `fields` of wasi:http/types for the guest: headers by name, copied in and out. Decides nothing (http-fields.ts does).

import type { HostItem } from '../../../../component/host-interface.ts';
import { hostFunction, hostResource, hostType } from '../../../../component/host-interface.ts';
import type { Case, ResultType, TupleType, ValueType } from '../../../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../../../component/value-types.ts';
import { ok } from '../../results.ts';
import type { FieldFault } from './http-fields.ts';
import { fieldsOf, HttpFields } from './http-fields.ts';
import type { WasiHttp } from './http-resources.ts';
import { HEADER_ERROR } from './http-types.ts';

const { bool, string, u8 } = PRIMITIVE_TYPES;
const VALUE = { kind: 'list', element: u8 } as const;
const VALUES = { kind: 'list', element: VALUE } as const;
const ENTRY: TupleType = { kind: 'tuple', elements: [string, VALUE] };
const ENTRIES = { kind: 'list', element: ENTRY } as const;
const NAME = { name: 'name', type: string } as const;

export function fieldsInterface(http: WasiHttp): readonly (readonly [name: string, item: HostItem])[] {
  const me = { name: 'self', type: { kind: 'borrow', resource: http.fieldsType } } as const;
  const own = { kind: 'own', resource: http.fieldsType } as const;
  const get = (rep: number): HttpFields => http.fields.get(rep);
  const fallible = (okType?: ValueType): ResultType => ({ kind: 'result', ok: okType, error: HEADER_ERROR });
  return [
    ['fields', hostResource(http.fieldsType)],
    ['headers', hostResource(http.fieldsType)],
    ['trailers', hostResource(http.fieldsType)],
    ['field-key', hostType(string)],
    ['field-name', hostType(string)],
    ['field-value', hostType(VALUE)],
    ['header-error', hostType(HEADER_ERROR)],
    ['[constructor]fields', hostFunction([], own, () => http.fields.add(new HttpFields()))],
    [
      '[static]fields.from-list',
      hostFunction([{ name: 'entries', type: ENTRIES }], fallible(own), (entries) => {
        const fields = fieldsOf(entries as readonly (readonly [string, Uint8Array])[]);
        return fields instanceof HttpFields ? ok(http.fields.add(fields)) : failed(fields);
      }),
    ],
    ['[method]fields.get', hostFunction([me, NAME], VALUES, (rep, name) => get(rep).get(name))],
    ['[method]fields.has', hostFunction([me, NAME], bool, (rep, name) => get(rep).has(name))],
    [
      '[method]fields.set',
      hostFunction([me, NAME, { name: 'value', type: VALUES }], fallible(), (rep, name, values) =>
        outcome(get(rep).set(name, values)),
      ),
    ],
    ['[method]fields.delete', hostFunction([me, NAME], fallible(), (rep, name) => outcome(get(rep).delete(name)))],
    [
      '[method]fields.append',
      hostFunction([me, NAME, { name: 'value', type: VALUE }], fallible(), (rep, name, value) =>
        outcome(get(rep).append(name, value)),
      ),
    ],
    ['[method]fields.entries', hostFunction([me], ENTRIES, (rep) => get(rep).entries)],
    ['[method]fields.clone', hostFunction([me], own, (rep) => http.fields.add(new HttpFields(get(rep).entries)))],
  ];
}

function outcome(fault: FieldFault | undefined): Case {
  return fault === undefined ? ok() : failed(fault);
}

function failed(fault: FieldFault): Case {
  return { index: 1, value: { index: HEADER_ERROR.cases.findIndex(({ name }) => name === fault), value: undefined } };
}
