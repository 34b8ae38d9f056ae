// What attested devices ask for: metadata and images of their director, and a place for their reports. Never says more to one device
// than its own plan.

import { DEVICE_API, DEVICE_API_MAX_BYTES } from '../../contracts/wire/device-api.ts';
import type { ReportAnswer } from '../../contracts/wire/device-api.ts';
import { TARGET_FOLDER } from '../../contracts/wire/update-target.ts';
import type { UpdateDesk } from '../domain/update-desk.ts';
import { ApiError } from './api-error.ts';
import { base64Bytes } from './base64.ts';
import type { DeviceRoute } from './device-server.ts';

const NOT_CLAIMED = { 'device-not-claimed': 403 } as const;
const OCTETS = 'application/octet-stream';
const JSON_TEXT = 'application/json';

export function deviceRoutes({ director, reports }: Pick<UpdateDesk, 'director' | 'reports'>): readonly DeviceRoute[] {
  return [
    {
      method: DEVICE_API.metadata.method,
      path: `${DEVICE_API.metadata.path}:file`,
      refusals: { ...NOT_CLAIMED, 'metadata-not-found': 404 },
      async handle({ deviceId }, { params }) {
        const text = await director.metadata(deviceId, params['file'] ?? '');
        const body = new TextEncoder().encode(text);
        // A client would cut it off there, and could not say why.
        if (body.length > DEVICE_API_MAX_BYTES.metadata) throw new RangeError(`metadata of ${body.length} bytes`);
        return { status: 200, contentType: JSON_TEXT, body };
      },
    },
    {
      method: DEVICE_API.targets.method,
      path: `${DEVICE_API.targets.path}${TARGET_FOLDER}:name`,
      refusals: { 'target-not-found': 404 },
      async handle({ deviceId }, { params }) {
        const body = await director.target(deviceId, `${TARGET_FOLDER}${params['name'] ?? ''}`);
        return { status: 200, contentType: OCTETS, body };
      },
    },
    {
      method: DEVICE_API.reports.method,
      path: DEVICE_API.reports.path,
      refusals: {
        ...NOT_CLAIMED,
        'report-malformed': 400,
        'report-signature-invalid': 403,
        'report-wrong-device': 403,
      },
      async handle({ deviceId, certificatePublicKey }, { body }) {
        const message = base64Bytes(reportIn(body), 'report');
        const accepted = await reports.take({ deviceId, publicKey: certificatePublicKey }, message);
        const answer: ReportAnswer = { accepted };
        return { status: 200, contentType: JSON_TEXT, body: answer };
      },
    },
  ];
}

/** Errors: `request-malformed`. */
function reportIn(body: unknown): string {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const { report, ...rest } = (isObject ? body : {}) as Record<string, unknown>;
  if (typeof report === 'string' && Object.keys(rest).length === 0) return report;
  throw new ApiError('request-malformed', 'the body is no object with a report alone', {
    fault: 'peer',
    details: { target: '/report' },
  });
}
