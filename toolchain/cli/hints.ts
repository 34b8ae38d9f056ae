// The next step for errors whose own layer cannot know it, by code. Never in the place of a hint that the error brings along.

/** Code → what a person at a command line does next. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ['usage', 'Try --help.'],
  ['device-link-closed', 'Is the device still powered on? npx casemate device list-attached'],
  ['device-link-timeout', 'Try again; if it stays so: npx casemate device restart'],
  ['interrupted', 'Start it again; nothing of it was left behind.'],
  ['image-magic-wrong', 'Name an image package: npx casemate build makes one.'],
  ['image-truncated', 'The package was cut short on its way: build or copy it again.'],
  ['image-digest-mismatch', 'The package was changed after it was made: build or copy it again.'],
  [
    'image-not-trusted',
    'Sign it with the key that this device admits: npx casemate device enable-development, then build again.',
  ],
  ['image-rolled-back', 'Raise "rollback" in casemate.json: this device has run a later version.'],
  ['image-unknown', 'npx casemate device image list-installed shows what is there.'],
  ['right-missing', 'npx casemate device enable-development'],
  ['resource-in-use', 'Delete the other app (npx casemate device sideload delete -c ID) or ask for another pin.'],
  ['flash-full', 'Delete an app: npx casemate device sideload delete -c ID'],
  ['link-method-unknown', 'Its OS is older than this command: npx casemate up --fresh makes the device anew.'],
  ['catalog-not-found', 'npx casemate catalog list shows those that are there; create makes one.'],
  ['product-not-found', 'npx casemate product list --catalog NAME shows those that are there; create makes one.'],
  [
    'device-group-not-found',
    'npx casemate device-group list --catalog NAME --product NAME shows those that are there; create makes one.',
  ],
  ['image-not-found', 'npx casemate image list --catalog NAME shows those that are there.'],
  ['deployment-not-found', 'npx casemate deployment list shows those of the group; create makes one.'],
  ['certificate-not-found', 'npx casemate ca-certificate list --catalog NAME shows those that are there.'],
  ['evidence-malformed', 'A token is what this writes: npx casemate attest collect -o FILE'],
  [
    'service-unreachable',
    'Is it running, at the address that the device has? npx casemate device service show tells it.',
  ],
  ['device-unclaimed', 'Claim it: npx casemate device claim --catalog NAME'],
  [
    'device-unknown',
    'No factory that the service trusts has endorsed it: only a station’s own devices can be claimed.',
  ],
  [
    'catalog-without-publisher-key',
    'Register one: npx casemate catalog publisher-key add --catalog NAME, or create the catalog with --publisher-signature NotRequired.',
  ],
  ['image-catalog-mismatch', 'Build it for this catalog: npx casemate build DIR --catalog NAME'],
  ['image-publisher-signature-missing', 'Sign it: npx casemate image-package sign FILE --key development'],
  ['service-not-configured', 'npx casemate device service configure --host HOST --port PORT'],
  ['update-target-mismatch', 'Somebody changed the image on its way or at the service: upload it again.'],
  ['update-target-missing', 'The service lost or no longer trusts its copy: upload the image again.'],
  [
    'service-not-trusted',
    'The device believes its own service alone; another one needs a device that was made for it.',
  ],
  [
    'app-failed',
    'What it said and did stands above. If it lacks a right: npx casemate audit FILE, then --grant-manifest FILE.',
  ],
  ['target-unreadable', 'Name an app folder, an image package or an app_manifest.json.'],
  ['matrix-malformed', 'A matrix is what this writes: npx casemate capability test DIR -o FILE'],
  ['folder-missing', 'Check the path.'],
  ['component-invalid', 'It has to be a component of the world casemate:device/app, as casemate build makes it.'],
  ['capability-size-wrong', 'A capability file has 256 bytes: npx casemate device enable-development gets one.'],
  ['capability-wrong-device', 'Get one for this device: npx casemate device enable-development'],
  ['capability-replayed', 'Get a new one: npx casemate device enable-development'],
]);

export function hintFor(code: string): string | null {
  return HINTS.get(code) ?? null;
}
