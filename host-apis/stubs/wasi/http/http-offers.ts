// wasi:http/types and wasi:http/outgoing-handler for the guest: what both sides have, and the client's. The server's is in server-items.ts.

import type { HostInterface, HostItem, HostOffers } from '../../../../component/host-interface.ts';
import { blockingHostFunction, hostFunction, hostResource, hostType } from '../../../../component/host-interface.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { Case, ResourceType, ResultType, Value, ValueType } from '../../../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../../../component/value-types.ts';
import { ok } from '../../results.ts';
import { ALWAYS_READY } from '../io.ts';
import { none, some } from '../options.ts';
import { HttpExchange } from './http-exchange.ts';
import { fieldsInterface } from './fields-interface.ts';
import { HttpFields } from './http-fields.ts';
import { METHODS, OutgoingRequest } from './http-request.ts';
import type { Scheme } from './http-request.ts';
import type { WasiHttp } from './http-resources.ts';
import { serverItems } from './server-items.ts';
import { methodValue, optional, schemeValue } from './request-values.ts';
import * as types from './http-types.ts';

const { string, u16, u64 } = PRIMITIVE_TYPES;
const FAILED: Case = { index: 1, value: undefined };
const option = (type: ValueType) => ({ kind: 'option', some: type }) as const;
const own = (resource: ResourceType) => ({ kind: 'own', resource }) as const;
const selfOf = (resource: ResourceType) => ({ name: 'self', type: { kind: 'borrow', resource } }) as const;
const result = (okType?: ValueType, error?: ValueType): ResultType => ({ kind: 'result', ok: okType, error });
const done = (isDone: boolean): Case => (isDone ? ok() : FAILED);

type Items = readonly (readonly [name: string, item: HostItem])[];

export function httpOffers(http: WasiHttp): HostOffers {
  const { io } = http;
  return new Map<string, HostInterface>([
    [
      'wasi:http/types@0.2.0',
      new Map<string, HostItem>([
        ['method', hostType(types.METHOD)],
        ['scheme', hostType(types.SCHEME)],
        ['DNS-error-payload', hostType(types.DNS_ERROR)],
        ['TLS-alert-received-payload', hostType(types.TLS_ALERT)],
        ['field-size-payload', hostType(types.FIELD_SIZE)],
        ['error-code', hostType(types.HTTP_ERROR)],
        ['status-code', hostType(u16)],
        ['duration', hostType(u64)],
        ['input-stream', hostResource(io.inputStream)],
        ['output-stream', hostResource(io.outputStream)],
        ['io-error', hostResource(io.error)],
        ['pollable', hostResource(io.pollable)],
        ['http-error-code', errorCode(http)],
        ...fieldsInterface(http),
        ...requestItems(http),
        ...requestBodyItems(http),
        ...optionItems(http),
        ...responseItems(http),
        ...bodyItems(http),
        ...serverItems(http),
      ]),
    ],
    [
      'wasi:http/outgoing-handler@0.2.0',
      new Map<string, HostItem>([
        ['outgoing-request', hostResource(http.requestType)],
        ['request-options', hostResource(http.optionsType)],
        ['future-incoming-response', hostResource(http.futureType)],
        ['error-code', hostType(types.HTTP_ERROR)],
        ['handle', handle(http)],
      ]),
    ],
  ]);
}

function handle(http: WasiHttp): HostItem {
  const params = [
    { name: 'request', type: own(http.requestType) },
    { name: 'options', type: option(own(http.optionsType)) },
  ] as const;
  return blockingHostFunction(params, result(own(http.futureType), types.HTTP_ERROR), (rep, options) => {
    const request = http.requests.take(rep);
    const given = options as Case;
    if (given.index === 1) http.options.drop(Number(given.value));
    if (request === undefined) return { index: 1, value: types.httpErrorValue('internal-error') };
    const target = request.target();
    if (typeof target === 'string') return { index: 1, value: types.httpErrorValue(target) };
    const { method, path, authority = '', fields, body } = request;
    const line = { method, path: path === undefined || path === '' ? '/' : path, authority };
    const exchange = new HttpExchange(http.broker, target, { ...line, fields: fields.entries, body });
    return after(exchange.start(), (error) =>
      error === undefined
        ? ok(http.futures.add({ exchange, isTaken: false }))
        : { index: 1, value: types.httpErrorValue(error) },
    );
  });
}

function errorCode({ io }: WasiHttp): HostItem {
  const params = [{ name: 'err', type: { kind: 'borrow', resource: io.error } }] as const;
  return hostFunction(params, option(types.HTTP_ERROR), (rep) => {
    const { code } = io.errors.get(rep);
    return code?.of === 'http' ? some(code.value as Value) : none();
  });
}

function requestItems(http: WasiHttp): Items {
  const me = selfOf(http.requestType);
  const get = (rep: number): OutgoingRequest => http.requests.get(rep);
  const method = (name: string, item: HostItem): readonly [string, HostItem] => [
    `[method]outgoing-request.${name}`,
    item,
  ];
  const setter = (name: string, type: ValueType, set: (request: OutgoingRequest, value: Case) => boolean) =>
    method(
      `set-${name}`,
      hostFunction([me, { name, type }], result(), (rep, value) => done(set(get(rep), value as Case))),
    );
  return [
    ['outgoing-request', hostResource(http.requestType)],
    [
      '[constructor]outgoing-request',
      hostFunction([{ name: 'headers', type: own(http.fieldsType) }], own(http.requestType), (rep) => {
        const fields = http.fields.take(rep) ?? new HttpFields();
        return http.requests.add(new OutgoingRequest(new HttpFields(fields.entries, { isImmutable: true })));
      }),
    ],
    method(
      'method',
      hostFunction([me], types.METHOD, (rep) => methodValue(get(rep).method)),
    ),
    setter('method', types.METHOD, (request, { index, value }) => request.setMethod(METHODS[index] ?? textOf(value))),
    method(
      'path-with-query',
      hostFunction([me], option(string), (rep) => optional(get(rep).path)),
    ),
    setter('path-with-query', option(string), (request, value) => request.setPath(optionalText(value))),
    method(
      'scheme',
      hostFunction([me], option(types.SCHEME), (rep) => {
        const { scheme } = get(rep);
        return scheme === undefined ? none() : some(schemeValue(scheme));
      }),
    ),
    setter('scheme', option(types.SCHEME), (request, { index, value }) => {
      request.scheme = index === 0 ? undefined : readScheme(value as Case);
      return true;
    }),
    method(
      'authority',
      hostFunction([me], option(string), (rep) => optional(get(rep).authority)),
    ),
    setter('authority', option(string), (request, value) => request.setAuthority(optionalText(value))),
    method(
      'headers',
      hostFunction([me], own(http.fieldsType), (rep) => http.fields.add(get(rep).fields)),
    ),
    method(
      'body',
      hostFunction([me], result(own(http.requestBodyType)), (rep) => {
        const body = get(rep).takeBody();
        return body === undefined ? FAILED : ok(http.requestBodies.add(body));
      }),
    ),
  ];
}

function requestBodyItems(http: WasiHttp): Items {
  const written = new WeakSet();
  return [
    ['outgoing-body', hostResource(http.requestBodyType)],
    [
      '[method]outgoing-body.write',
      hostFunction([selfOf(http.requestBodyType)], result(own(http.io.outputStream)), (rep) => {
        const body = http.requestBodies.get(rep);
        if (written.has(body)) return FAILED;
        written.add(body);
        return ok(http.io.outputs.add(body.stream()));
      }),
    ],
    [
      '[static]outgoing-body.finish',
      blockingHostFunction(
        [
          { name: 'this', type: own(http.requestBodyType) },
          { name: 'trailers', type: option(own(http.fieldsType)) },
        ],
        result(undefined, types.HTTP_ERROR),
        (rep, trailers) => {
          const body = http.requestBodies.take(rep);
          // Trailers are not sent: no server has to look at them (RFC 9110 section 6.5.1).
          const given = trailers as Case;
          if (given.index === 1) http.fields.drop(Number(given.value));
          const isWhole = body?.finish() === true;
          const error = `HTTP-${body?.message ?? 'request'}-body-size` as const;
          const outcome: Case = isWhole ? ok() : { index: 1, value: types.httpErrorValue(error) };
          return after(body?.carrier?.pump(), () => outcome);
        },
      ),
    ],
  ];
}

/** There are none that this host would keep: every setter says so, as the interface allows. */
function optionItems(http: WasiHttp): Items {
  const me = selfOf(http.optionsType);
  const names = ['connect-timeout', 'first-byte-timeout', 'between-bytes-timeout'];
  return [
    ['request-options', hostResource(http.optionsType)],
    ['[constructor]request-options', hostFunction([], own(http.optionsType), () => http.options.add(null))],
    ...names.flatMap((name): Items => [
      [`[method]request-options.${name}`, hostFunction([me], option(u64), () => none())],
      [
        `[method]request-options.set-${name}`,
        hostFunction([me, { name: 'duration', type: option(u64) }], result(), (_rep, value) =>
          done((value as Case).index === 0),
        ),
      ],
    ]),
  ];
}

function responseItems(http: WasiHttp): Items {
  const answer = result(result(own(http.responseType), types.HTTP_ERROR));
  const me = selfOf(http.responseType);
  return [
    ['future-incoming-response', hostResource(http.futureType)],
    ['incoming-response', hostResource(http.responseType)],
    [
      '[method]future-incoming-response.subscribe',
      hostFunction([selfOf(http.futureType)], own(http.io.pollable), (rep) =>
        http.io.pollables.add(http.futures.get(rep).exchange.pollable()),
      ),
    ],
    [
      '[method]future-incoming-response.get',
      blockingHostFunction([selfOf(http.futureType)], option(answer), (rep) => {
        const future = http.futures.get(rep);
        if (future.isTaken) return some(FAILED);
        const { exchange } = future;
        return after(exchange.answer(), (head) => {
          if (head === undefined) return none();
          future.isTaken = true;
          if (typeof head === 'string') return some(ok({ index: 1, value: types.httpErrorValue(head) }));
          return some(ok(ok(http.responses.add({ exchange, head, isConsumed: false }))));
        });
      }),
    ],
    ['[method]incoming-response.status', hostFunction([me], u16, (rep) => http.responses.get(rep).head.status)],
    [
      '[method]incoming-response.headers',
      hostFunction([me], own(http.fieldsType), (rep) =>
        http.fields.add(new HttpFields(http.responses.get(rep).head.fields, { isImmutable: true })),
      ),
    ],
    [
      '[method]incoming-response.consume',
      hostFunction([me], result(own(http.bodyType)), (rep) => {
        const response = http.responses.get(rep);
        if (response.isConsumed) return FAILED;
        response.isConsumed = true;
        return ok(http.bodies.add({ exchange: response.exchange, isStreamTaken: false }));
      }),
    ],
  ];
}

function bodyItems(http: WasiHttp): Items {
  const trailers = result(result(option(own(http.fieldsType)), types.HTTP_ERROR));
  return [
    ['incoming-body', hostResource(http.bodyType)],
    ['future-trailers', hostResource(http.trailersType)],
    [
      '[method]incoming-body.stream',
      hostFunction([selfOf(http.bodyType)], result(own(http.io.inputStream)), (rep) => {
        const body = http.bodies.get(rep);
        if (body.isStreamTaken) return FAILED;
        body.isStreamTaken = true;
        return ok(http.io.inputs.add(body.exchange.bodyStream()));
      }),
    ],
    [
      '[static]incoming-body.finish',
      hostFunction([{ name: 'this', type: own(http.bodyType) }], own(http.trailersType), (rep) => {
        // Trailers are read over; a body that the guest did not read to its end is not read for them.
        http.bodies.drop(rep);
        return http.trailers.add({ isTaken: false });
      }),
    ],
    [
      '[method]future-trailers.subscribe',
      hostFunction([selfOf(http.trailersType)], own(http.io.pollable), () => http.io.pollables.add(ALWAYS_READY)),
    ],
    [
      '[method]future-trailers.get',
      hostFunction([selfOf(http.trailersType)], option(trailers), (rep) => {
        const held = http.trailers.get(rep);
        const isFirst = !held.isTaken;
        held.isTaken = true;
        return some(isFirst ? ok(ok(none())) : FAILED);
      }),
    ],
  ];
}

function readScheme({ index, value }: Case): Scheme {
  if (index === 2) return { kind: 'other', name: textOf(value) };
  return { kind: index === 0 ? 'http' : 'https' };
}

function optionalText({ index, value }: Case): string | undefined {
  return index === 0 ? undefined : textOf(value);
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : '';
}
