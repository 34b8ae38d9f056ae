// What a running service leaves in its state folder for the operator's tools beside it: where it listens and which files open
// it. Never a key itself.

/** One JSON object in the file `service.json`. Paths are relative to the state folder. */
export interface ServiceRecordText {
  readonly version: 1;
  /** `https://localhost:PORT`, of the management listener. */
  readonly url: string;
  /** `https://NAME:PORT`, where devices come to. */
  readonly deviceApi: string;
  /** PEM of the operator's private key and certificate, in one file. */
  readonly operator: string;
  /** PEM of the root that the service's own certificate leads to. */
  readonly root: string;
}

export const SERVICE_RECORD_FILE = 'service.json';
export const SERVICE_RECORD_MAX_BYTES = 4096;
