// The resources of wasi:http/types for one app, as the host holds them. Never one that the guest does not have a handle of.

import { ResourceType } from '../../../../component/value-types.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import { HostTable } from '../host-table.ts';
import type { WasiIo } from '../io.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { HttpFields } from './http-fields.ts';
import type { OutgoingRequest } from './http-request.ts';
import type { RequestBody } from './request-body.ts';
import type { ResponseHead } from './response-head.ts';

/** An answer that was handed to the guest: its connection goes with whatever of it the guest holds last. */
export interface HeldResponse {
  readonly exchange: HttpExchange;
  readonly head: ResponseHead;
  isConsumed: boolean;
}

export interface HeldFuture {
  readonly exchange: HttpExchange;
  isTaken: boolean;
}

export interface HeldBody {
  readonly exchange: HttpExchange;
  isStreamTaken: boolean;
}

export class WasiHttp {
  readonly io: WasiIo;
  readonly broker: BrokerClient;
  readonly fields = new HostTable<HttpFields>();
  readonly fieldsType = new ResourceType('fields', (rep) => this.fields.drop(rep));
  readonly requests = new HostTable<OutgoingRequest>((request) => request.body?.abandon());
  readonly requestType = new ResourceType('outgoing-request', (rep) => this.requests.drop(rep));
  readonly requestBodies = new HostTable<RequestBody>((body) => body.abandon());
  readonly requestBodyType = new ResourceType('outgoing-body', (rep) => this.requestBodies.drop(rep));
  readonly options = new HostTable<null>();
  readonly optionsType = new ResourceType('request-options', (rep) => this.options.drop(rep));
  readonly futures = new HostTable<HeldFuture>(({ exchange, isTaken }) => (isTaken ? undefined : exchange.close()));
  readonly futureType = new ResourceType('future-incoming-response', (rep) => this.futures.drop(rep));
  readonly responses = new HostTable<HeldResponse>((response) =>
    response.isConsumed ? undefined : response.exchange.close(),
  );
  readonly responseType = new ResourceType('incoming-response', (rep) => this.responses.drop(rep));
  readonly bodies = new HostTable<HeldBody>(({ exchange }) => exchange.close());
  readonly bodyType = new ResourceType('incoming-body', (rep) => this.bodies.drop(rep));
  readonly trailers = new HostTable<{ isTaken: boolean }>();
  readonly trailersType = new ResourceType('future-trailers', (rep) => this.trailers.drop(rep));

  constructor(io: WasiIo, broker: BrokerClient) {
    this.io = io;
    this.broker = broker;
  }
}
