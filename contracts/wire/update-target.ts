// What a device's director says of the images that the device is to run, inside TUF targets metadata. Never about another device.

/** Path of a target: `images/` and the image id. */
export const TARGET_FOLDER = 'images/';

/** `custom` of a target file. */
export interface UpdateTargetCustom {
  readonly componentId: string;
  readonly imageId: string;
  readonly rollbackIndex: number;
}

/** The field of `signed` in targets metadata that is ours (TUF 1.0 lets clients ignore fields that they do not know). */
export const DIRECTOR_FIELD = 'x-casemate-director';
export interface DirectorStatement {
  /** 128 hex digits: metadata for another device is refused. */
  readonly deviceId: string;
  readonly catalogId: string;
  /** `null`: nothing is deployed to this device, and what it has stays. */
  readonly deploymentId: string | null;
}
