// A network where everything is there at once and nobody is: it answers every call, and notes it. Never a radio, never a socket.

import type { NameLookup, NetworkPort, PortResult, TcpListener, TcpStream, UdpSocket } from '../../host-apis/ports.ts';

const DONE: PortResult<void> = { ok: true, value: undefined };
const done = <Value,>(value: Value): PortResult<Value> => ({ ok: true, value });

export class NotedNetwork implements NetworkPort {
  readonly calls: string[] = [];
  /** Instead of every answer while it is set. */
  answer: Extract<PortResult<never>, { ok: false }> | undefined;

  resolve(context: number, name: string): PortResult<NameLookup> {
    return this.#note(`resolve ${context}:${name}`, { ...this.#thing(name), addresses: () => done(['10.0.0.1']) });
  }
  connect(context: number, address: string, port: number): PortResult<TcpStream> {
    return this.#note(`connect ${context}:${address}:${port}`, this.#stream(address));
  }
  listen(context: number, port: number): PortResult<TcpListener> {
    const peer = { address: '10.0.0.7', port: 4711 };
    const accept = () => done({ stream: this.#stream('caller'), peer });
    return this.#note(`listen ${context}:${port}`, { ...this.#ready(`port ${port}`), accept, isReadable: true });
  }
  bind(context: number, port: number): PortResult<UdpSocket> {
    const datagram = { from: { address: '10.0.0.1', port: 53 }, bytes: Uint8Array.of(1) };
    return this.#note(`bind ${context}:${port}`, {
      ...this.#ready(`port ${port}`),
      send: () => DONE,
      receive: () => done(datagram),
      hasHeardFrom: () => false,
      isReadable: true,
      isWritable: true,
    });
  }

  #stream(what: string): TcpStream {
    return {
      ...this.#ready(what),
      room: () => done(100),
      send: (bytes) => done(bytes.length),
      receive: () => done(Uint8Array.of(1)),
      isReadable: true,
      shutdown: () => undefined,
    };
  }
  #ready(what: string) {
    return { ...this.#thing(what), ready: () => DONE };
  }
  #thing(what: string) {
    return { onChange: () => () => undefined, close: () => void this.calls.push(`close ${what}`) };
  }
  #note<Value>(call: string, value: Value): PortResult<Value> {
    if (this.answer !== undefined) return this.answer;
    this.calls.push(call);
    return done(value);
  }
}
