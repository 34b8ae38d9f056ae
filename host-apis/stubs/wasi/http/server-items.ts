// The server's side of wasi:http/types for the guest: the request that came, and the answer to it. Decides nothing.

import type { HostItem } from '../../../../component/host-interface.ts';
import { blockingHostFunction, hostFunction, hostResource } from '../../../../component/host-interface.ts';
import type { Case, ResourceType, ResultType, ValueType } from '../../../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../../../component/value-types.ts';
import { ok } from '../../results.ts';
import { some } from '../options.ts';
import { HttpFields } from './http-fields.ts';
import type { WasiHttp } from './http-resources.ts';
import { HTTP_ERROR, METHOD, SCHEME } from './http-types.ts';
import { OutgoingResponse } from './outgoing-response.ts';
import { methodValue, optional, schemeValue } from './request-values.ts';

const { string, u16 } = PRIMITIVE_TYPES;
const FAILED: Case = { index: 1, value: undefined };
const option = (type: ValueType) => ({ kind: 'option', some: type }) as const;
const own = (resource: ResourceType) => ({ kind: 'own', resource }) as const;
const selfOf = (resource: ResourceType) => ({ name: 'self', type: { kind: 'borrow', resource } }) as const;
const result = (okType?: ValueType, error?: ValueType): ResultType => ({ kind: 'result', ok: okType, error });

type Items = readonly (readonly [name: string, item: HostItem])[];

export function serverItems(http: WasiHttp): Items {
  return [...requestItems(http), ...responseItems(http), ...outparamItems(http)];
}

function requestItems(http: WasiHttp): Items {
  const me = selfOf(http.incomingType);
  const get = (rep: number) => http.incoming.get(rep);
  const method = (name: string, item: HostItem): readonly [string, HostItem] => [
    `[method]incoming-request.${name}`,
    item,
  ];
  return [
    ['incoming-request', hostResource(http.incomingType)],
    method(
      'method',
      hostFunction([me], METHOD, (rep) => methodValue(get(rep).head.method)),
    ),
    method(
      'path-with-query',
      hostFunction([me], option(string), (rep) => some(get(rep).head.path)),
    ),
    method(
      'scheme',
      hostFunction([me], option(SCHEME), () => some(schemeValue({ kind: 'http' }))),
    ),
    method(
      'authority',
      hostFunction([me], option(string), (rep) => optional(get(rep).head.authority)),
    ),
    method(
      'headers',
      hostFunction([me], own(http.fieldsType), (rep) =>
        http.fields.add(new HttpFields(get(rep).head.fields, { isImmutable: true })),
      ),
    ),
    method(
      'consume',
      hostFunction([me], result(own(http.bodyType)), (rep) => {
        const request = get(rep);
        if (request.isConsumed) return FAILED;
        request.isConsumed = true;
        return ok(http.bodies.add({ exchange: request.exchange, isStreamTaken: false }));
      }),
    ),
  ];
}

function responseItems(http: WasiHttp): Items {
  const me = selfOf(http.answerType);
  return [
    ['outgoing-response', hostResource(http.answerType)],
    [
      '[constructor]outgoing-response',
      hostFunction([{ name: 'headers', type: own(http.fieldsType) }], own(http.answerType), (rep) => {
        const fields = http.fields.take(rep) ?? new HttpFields();
        return http.answers.add(new OutgoingResponse(new HttpFields(fields.entries, { isImmutable: true })));
      }),
    ],
    ['[method]outgoing-response.status-code', hostFunction([me], u16, (rep) => http.answers.get(rep).status)],
    [
      '[method]outgoing-response.set-status-code',
      hostFunction([me, { name: 'status-code', type: u16 }], result(), (rep, status) =>
        http.answers.get(rep).setStatus(status) ? ok() : FAILED,
      ),
    ],
    [
      '[method]outgoing-response.headers',
      hostFunction([me], own(http.fieldsType), (rep) => http.fields.add(http.answers.get(rep).fields)),
    ],
    [
      '[method]outgoing-response.body',
      hostFunction([me], result(own(http.requestBodyType)), (rep) => {
        const body = http.answers.get(rep).takeBody();
        return body === undefined ? FAILED : ok(http.requestBodies.add(body));
      }),
    ],
  ];
}

function outparamItems(http: WasiHttp): Items {
  const params = [
    { name: 'param', type: own(http.outparamType) },
    { name: 'response', type: result(own(http.answerType), HTTP_ERROR) },
  ] as const;
  return [
    ['response-outparam', hostResource(http.outparamType)],
    [
      '[static]response-outparam.set',
      blockingHostFunction(params, undefined, (rep, response) => {
        const exchange = http.outparams.take(rep);
        const { index, value } = response as Case;
        // An error is the guest's to know; the client gets what any server that failed says.
        return exchange?.respond(index === 0 ? http.answers.take(Number(value)) : undefined);
      }),
    ],
  ];
}
