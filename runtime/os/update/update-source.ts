// Fetches metadata and images of this device's director, each within its bound. Never hands out an image that is not the one that
// was named: length and digest are compared before anything reads it.

import { bytesToHex } from '../../../contracts/core/ids.ts';
import type { Sha256 } from '../../../contracts/core/image.ts';
import { DEVICE_API, DEVICE_API_MAX_BYTES } from '../../../contracts/wire/device-api.ts';
import { TARGET_FOLDER } from '../../../contracts/wire/update-target.ts';
import type { ServiceSession } from '../service/service-session.ts';
import { ServiceNetworkError } from '../service-port.ts';
import type { DirectedImage } from './directive.ts';
import { UpdateError } from './update-error.ts';

const OK = 200;
const NOT_FOUND = 404;

export class UpdateSource {
  readonly #session: ServiceSession;
  readonly #sha256: Sha256;

  constructor(session: ServiceSession, sha256: Sha256) {
    this.#session = session;
    this.#sha256 = sha256;
  }

  /** `undefined`: the service has no such file. Errors: `update-service-refused`, those of `ServiceSession.request`. */
  async metadata(name: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const { status, body } = await this.#get(`${DEVICE_API.metadata.path}${name}`, maxBytes);
    if (status === NOT_FOUND) return undefined;
    if (status !== OK) throw refused(name, status);
    return body;
  }

  /**
   * Errors: `update-target-mismatch`, `update-target-missing`, `update-service-refused`, those of `ServiceSession.request`
   * but for an answer that is too large: that one is no image of ours either.
   */
  async image(image: DirectedImage): Promise<Uint8Array> {
    const name = `${TARGET_FOLDER}${image.sha256}.${image.imageId}`;
    const { status, body } = await this.#getImage(name, image);
    if (status === NOT_FOUND) throw new UpdateError('update-target-missing', `the service has no ${name}`);
    if (status !== OK) throw refused(name, status);
    if (body.length !== image.sizeBytes || bytesToHex(this.#sha256(body)) !== image.sha256) throw mismatch(image);
    return body;
  }

  async #getImage(name: string, image: DirectedImage): Promise<{ readonly status: number; readonly body: Uint8Array }> {
    try {
      // A refusal's text may be longer than a very small image.
      return await this.#get(
        `${DEVICE_API.targets.path}${name}`,
        Math.max(image.sizeBytes, DEVICE_API_MAX_BYTES.answer),
      );
    } catch (cause) {
      if (cause instanceof ServiceNetworkError && cause.code === 'service-answer-too-large')
        throw mismatch(image, cause);
      throw cause;
    }
  }

  async #get(path: string, maxBytes: number): Promise<{ readonly status: number; readonly body: Uint8Array }> {
    const { status, body } = await this.#session.request({ method: 'GET', path, maxBytes }, 'device');
    return { status, body };
  }
}

function mismatch({ imageId }: DirectedImage, cause?: unknown): UpdateError {
  return new UpdateError('update-target-mismatch', `the image ${imageId} is not what the director named`, {
    hint: 'somebody between the service and the device changed it, or the service stores another one',
    ...(cause === undefined ? {} : { cause }),
  });
}

function refused(name: string, status: number): UpdateError {
  return new UpdateError('update-service-refused', `the service answers ${status} to ${name}`, {
    fault: 'world',
    details: { name, status },
  });
}
