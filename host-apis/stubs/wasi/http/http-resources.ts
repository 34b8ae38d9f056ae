// The resources of wasi:http/types for one app, as the host holds them. Never one that the guest does not have a handle of.

import { ResourceType } from '../../../../component/value-types.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import { HostTable } from '../host-table.ts';
import type { InputStream, WasiIo } from '../io.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { HttpFields } from './http-fields.ts';
import type { OutgoingRequest } from './http-request.ts';
import type { OutgoingBody } from './outgoing-body.ts';
import type { OutgoingResponse } from './outgoing-response.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import type { ServerExchange } from './server-exchange.ts';

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

/** Where the body of a message comes from. */
export interface BodySource {
  bodyStream(): InputStream;
  /** The guest wants no more of it. */
  close(): void;
}

export interface HeldBody {
  readonly exchange: BodySource;
  isStreamTaken: boolean;
}

/** A client's request that was handed to the guest. */
export interface HeldRequest {
  readonly exchange: ServerExchange;
  readonly head: RequestHead;
  isConsumed: boolean;
}

export class WasiHttp {
  readonly io: WasiIo;
  readonly broker: BrokerClient;
  readonly fields = new HostTable<HttpFields>();
  readonly fieldsType = new ResourceType('fields', (rep) => this.fields.drop(rep));
  readonly requests = new HostTable<OutgoingRequest>((request) => request.body?.abandon());
  readonly requestType = new ResourceType('outgoing-request', (rep) => this.requests.drop(rep));
  readonly requestBodies = new HostTable<OutgoingBody>((body) => body.abandon());
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

  readonly incoming = new HostTable<HeldRequest>();
  readonly incomingType = new ResourceType('incoming-request', (rep) => this.incoming.drop(rep));
  readonly answers = new HostTable<OutgoingResponse>((response) => response.body?.abandon());
  readonly answerType = new ResourceType('outgoing-response', (rep) => this.answers.drop(rep));
  /** Dropped: the guest did not answer, and its caller is told so when it returns. */
  readonly outparams = new HostTable<ServerExchange>();
  readonly outparamType = new ResourceType('response-outparam', (rep) => this.outparams.drop(rep));

  constructor(io: WasiIo, broker: BrokerClient) {
    this.io = io;
    this.broker = broker;
  }
}
