// Types of wasi:http/types and their errors as values. Decides nothing.

import type { Case, RecordType, Value, ValueType, VariantType } from '../../../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../../../component/value-types.ts';
import type { NetworkError } from '../sockets/network-types.ts';
import { none, some } from '../options.ts';

const { string, u8, u16, u32, u64 } = PRIMITIVE_TYPES;
const option = (type: ValueType): ValueType => ({ kind: 'option', some: type });
const variant = (...cases: readonly (readonly [string, ValueType?])[]): VariantType => ({
  kind: 'variant',
  cases: cases.map(([name, type]) => ({ name, type })),
});
const record = (...fields: readonly (readonly [string, ValueType])[]): RecordType => ({
  kind: 'record',
  fields: fields.map(([name, type]) => ({ name, type })),
});

export const METHOD = variant(
  ['get'],
  ['head'],
  ['post'],
  ['put'],
  ['delete'],
  ['connect'],
  ['options'],
  ['trace'],
  ['patch'],
  ['other', string],
);
export const SCHEME = variant(['HTTP'], ['HTTPS'], ['other', string]);
export const DNS_ERROR = record(['rcode', option(string)], ['info-code', option(u16)]);
export const TLS_ALERT = record(['alert-id', option(u8)], ['alert-message', option(string)]);
export const FIELD_SIZE = record(['field-name', option(string)], ['field-size', option(u32)]);
export const HTTP_ERROR = variant(
  ['DNS-timeout'],
  ['DNS-error', DNS_ERROR],
  ['destination-not-found'],
  ['destination-unavailable'],
  ['destination-IP-prohibited'],
  ['destination-IP-unroutable'],
  ['connection-refused'],
  ['connection-terminated'],
  ['connection-timeout'],
  ['connection-read-timeout'],
  ['connection-write-timeout'],
  ['connection-limit-reached'],
  ['TLS-protocol-error'],
  ['TLS-certificate-error'],
  ['TLS-alert-received', TLS_ALERT],
  ['HTTP-request-denied'],
  ['HTTP-request-length-required'],
  ['HTTP-request-body-size', option(u64)],
  ['HTTP-request-method-invalid'],
  ['HTTP-request-URI-invalid'],
  ['HTTP-request-URI-too-long'],
  ['HTTP-request-header-section-size', option(u32)],
  ['HTTP-request-header-size', option(FIELD_SIZE)],
  ['HTTP-request-trailer-section-size', option(u32)],
  ['HTTP-request-trailer-size', FIELD_SIZE],
  ['HTTP-response-incomplete'],
  ['HTTP-response-header-section-size', option(u32)],
  ['HTTP-response-header-size', FIELD_SIZE],
  ['HTTP-response-body-size', option(u64)],
  ['HTTP-response-trailer-section-size', option(u32)],
  ['HTTP-response-trailer-size', FIELD_SIZE],
  ['HTTP-response-transfer-coding', option(string)],
  ['HTTP-response-content-coding', option(string)],
  ['HTTP-response-timeout'],
  ['HTTP-upgrade-failed'],
  ['HTTP-protocol-error'],
  ['loop-detected'],
  ['configuration-error'],
  ['internal-error', option(string)],
);
export const HEADER_ERROR = variant(['invalid-syntax'], ['forbidden'], ['immutable']);

/** The errors that this host has. */
export type HttpErrorName =
  | 'DNS-error'
  | 'destination-unavailable'
  | 'connection-refused'
  | 'connection-terminated'
  | 'connection-read-timeout'
  | 'connection-write-timeout'
  | 'connection-limit-reached'
  | 'HTTP-request-denied'
  | 'HTTP-request-body-size'
  | 'HTTP-request-method-invalid'
  | 'HTTP-request-URI-invalid'
  | 'HTTP-response-incomplete'
  | 'HTTP-response-body-size'
  | 'HTTP-response-header-section-size'
  | 'HTTP-response-transfer-coding'
  | 'HTTP-protocol-error'
  | 'TLS-protocol-error'
  | 'internal-error';

/** As a case of `error-code`. `text` only where the case has room for one. */
export function httpErrorValue(name: HttpErrorName, text?: string): Case {
  const index = HTTP_ERROR.cases.findIndex((one) => one.name === name);
  return { index, value: payloadOf(HTTP_ERROR.cases[index]?.type, text) };
}

function payloadOf(type: ValueType | undefined, text: string | undefined): Value {
  if (type?.kind === 'record') return [none(), none()];
  if (type?.kind !== 'option') return undefined;
  return text !== undefined && type.some.kind === 'string' ? some(text) : none();
}

/** What a request ends with when its connection could not be made, or was lost. */
export function httpErrorOf(error: NetworkError): HttpErrorName {
  switch (error) {
    case 'access-denied':
      return 'HTTP-request-denied';
    case 'name-unresolvable':
    case 'temporary-resolver-failure':
      return 'DNS-error';
    case 'connection-refused':
      return 'connection-refused';
    case 'connection-reset':
      return 'connection-terminated';
    case 'new-socket-limit':
      return 'connection-limit-reached';
    case 'invalid-argument':
      return 'HTTP-request-URI-invalid';
    default:
      return 'destination-unavailable';
  }
}
