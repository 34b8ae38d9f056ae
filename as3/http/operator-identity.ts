// Who asks: the name in the certificate that the TLS layer has accepted. Never a header, and never for longer than the
// certificate lives: a connection or a resumed session can outlive it.

import { TLSSocket } from 'node:tls';
import type { Clock } from '../domain/ports.ts';
import { ApiError } from './api-error.ts';

const COMMON_NAME = /^CN=([A-Za-z0-9 ._-]{1,64})$/;

/** Errors: `operator-certificate-missing`, `operator-certificate-expired`. */
export function operatorOf(socket: unknown, clock: Clock): string {
  const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined;
  const name = COMMON_NAME.exec(certificate?.subject ?? '')?.[1];
  if (certificate === undefined || name === undefined) {
    throw new ApiError('operator-certificate-missing', 'this listener answers to operator certificates alone', {
      fault: 'caller',
    });
  }
  const now = clock.nowMs();
  if (now < certificate.validFromDate.getTime() || now > certificate.validToDate.getTime()) {
    throw new ApiError('operator-certificate-expired', 'the operator certificate is not valid now', {
      fault: 'caller',
      hint: 'connect again with the renewed certificate',
    });
  }
  return name;
}
