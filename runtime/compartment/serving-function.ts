// An app that exports wasi:http/incoming-handler, as a function that runs until the device wants it to end. Never a second way to a port: it is
// opened as the app's own socket would be.

import type { ComponentFunc } from '../../component/abi/context.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { FuncType, Value } from '../../component/value-types.ts';
import { PRIMITIVE_TYPES, sameFuncType } from '../../component/value-types.ts';
import type { EndWatch } from '../../host-apis/stubs/wasi/http/http-server.ts';
import { HttpServer, handlerType, portToServe } from '../../host-apis/stubs/wasi/http/http-server.ts';
import type { WasiHttp } from '../../host-apis/stubs/wasi/http/http-resources.ts';
import type { LinkedComponent } from './link.ts';

const SERVED: FuncType = { params: [], result: PRIMITIVE_TYPES.u8 };
const EXIT_CODE = 0;

export interface ServingParts {
  readonly http: WasiHttp;
  readonly broker: EndWatch;
  readonly tcpServerPorts: readonly number[];
}

/** `from`: the exported interface's name. Errors: `export-missing`, `export-type-mismatch`, `http-port-not-one`. */
export function servingFunction(linked: LinkedComponent, from: string, parts: ServingParts): ComponentFunc {
  const { http, broker } = parts;
  const port = portToServe(parts.tcpServerPorts);
  const handle = linked.func('handle', from);
  if (!sameFuncType(handle.type, handlerType(http))) {
    throw new ComponentError('export-type-mismatch', 'handle is not that of wasi:http/incoming-handler');
  }
  const server = new HttpServer({ http, broker, port });
  const call = (): Value => {
    // In this form of call every answer is there at once.
    while (server.serveOne((request, outparam) => handle.call(request, outparam)) === true);
    return EXIT_CODE;
  };
  const { enter } = handle;
  if (enter === undefined) return { type: SERVED, call };
  const entered = async (): Promise<Value> => {
    while (await server.serveOne((request, outparam) => enter(request, outparam)));
    return EXIT_CODE;
  };
  return { type: SERVED, call, enter: entered };
}
