// The door of the secure world: one frame in, one frame out. No frame, however hostile, gets past it with an exception.

import { isCoded } from '../../contracts/core/coded-error.ts';
import type { SecureRequest } from './abi/codec.ts';
import { decodeSecureRequest, encodeSecureError, encodeSecureEvent, encodeSecureResult } from './abi/codec.ts';
import type { AppEnded } from './abi/records.ts';
import { CallRefusal } from './call-refusal.ts';
import type { Monitor } from './monitor.ts';

export class SecureCallServer {
  readonly #monitor: Monitor;

  constructor(monitor: Monitor) {
    this.#monitor = monitor;
  }

  /** A request frame without its length word → the reply frame with it. Arguments were copied out of the frame before they are looked at. */
  answer(frame: Uint8Array): Uint8Array {
    const decoded = decodeSecureRequest(frame);
    if (!decoded.ok) return encodeSecureError(decoded.tag, decoded.error, decoded.detail);
    const { tag, request } = decoded;
    try {
      return this.#perform(tag, request);
    } catch (error) {
      if (error instanceof CallRefusal) return encodeSecureError(tag, error.code, error.message);
      // A fault of the chip (worn flash, counter) or of the monitor: the code says enough, a message could say too much.
      return encodeSecureError(tag, 'internal', isCoded(error) ? error.code : 'monitor fault');
    }
  }

  eventFrame(ended: AppEnded): Uint8Array {
    return encodeSecureEvent(ended);
  }

  #perform(tag: number, request: SecureRequest): Uint8Array {
    const monitor = this.#monitor;
    switch (request.call) {
      case 'describe':
        return encodeSecureResult(tag, request.call, monitor.describe());
      case 'measurements':
        return encodeSecureResult(tag, request.call, monitor.measurements());
      case 'stageBegin':
        return encodeSecureResult(tag, request.call, monitor.stageBegin(request.length));
      case 'stageWrite':
        return encodeSecureResult(tag, request.call, monitor.stageWrite(request.offset, request.bytes));
      case 'stageInstall':
        return encodeSecureResult(tag, request.call, monitor.stageInstall());
      case 'listImages':
        return encodeSecureResult(tag, request.call, monitor.listImages());
      case 'removeImage':
        return encodeSecureResult(tag, request.call, monitor.removeImage(request.componentId));
      case 'readImage': {
        const { componentId, section, offset, length } = request;
        return encodeSecureResult(tag, request.call, monitor.readImage(componentId, section, offset, length));
      }
      case 'launch':
        return encodeSecureResult(tag, request.call, monitor.launch(request.componentId));
      case 'stop':
        return encodeSecureResult(tag, request.call, monitor.stop(request.context));
      case 'usage':
        return encodeSecureResult(tag, request.call, monitor.usage(request.context));
      case 'applyCapability':
        return encodeSecureResult(tag, request.call, monitor.applyCapability(request.file));
      case 'capability':
        return encodeSecureResult(tag, request.call, monitor.capability());
      case 'removeCapability':
        return encodeSecureResult(tag, request.call, monitor.removeCapability());
      case 'firewall':
        return encodeSecureResult(tag, request.call, monitor.firewall());
      case 'violations':
        return encodeSecureResult(tag, request.call, monitor.violations(request.first));
      case 'reset':
        return encodeSecureResult(tag, request.call, monitor.reset());
      case 'attest':
        return encodeSecureResult(tag, request.call, monitor.attest(request.nonce, request.keys));
      case 'timeNonce':
        return encodeSecureResult(tag, request.call, monitor.timeNonce());
      case 'setTime': {
        const { nonce, seconds, signature } = request;
        return encodeSecureResult(tag, request.call, monitor.setTime(nonce, seconds, signature));
      }
      case 'trustedTime':
        return encodeSecureResult(tag, request.call, monitor.trustedTime());
      case 'bindClaim':
        return encodeSecureResult(tag, request.call, monitor.bindClaim(request.statement));
      case 'claim':
        return encodeSecureResult(tag, request.call, monitor.claim());
      case 'readRecord':
        return encodeSecureResult(tag, request.call, monitor.readRecord(request.record));
      case 'writeRecord':
        return encodeSecureResult(tag, request.call, monitor.writeRecord(request.record, request.bytes));
      case 'keystoreFile':
        return encodeSecureResult(tag, request.call, monitor.keystoreFile(request.file));
      case 'readStorage': {
        const { componentId, offset, length } = request;
        return encodeSecureResult(tag, request.call, monitor.readStorage(componentId, offset, length));
      }
      case 'writeStorage':
        return encodeSecureResult(tag, request.call, monitor.writeStorage(request));
      case 'random':
        return encodeSecureResult(tag, request.call, monitor.random(request.length));
    }
  }
}
