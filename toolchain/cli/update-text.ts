// What came of a look for updates, as text and as an error. Never hides an image that the device refused behind one that it took.

import type { UpdateOutcome } from '../../contracts/wire/device-link.ts';
import { RelayedRefusal } from '../factory/factory-error.ts';
import { table } from './table.ts';

/** Errors: the code of the first image that the device refused; `details.refused` has all of them, as code, image, component. */
export function requireTaken(update: UpdateOutcome): UpdateOutcome {
  const [first] = update.refused;
  if (first === undefined) return update;
  throw new RelayedRefusal(first.code, `the device refused image ${first.imageId}: ${first.message}`, {
    details: {
      outcome: update.outcome,
      refused: update.refused.map(({ imageId, componentId, code }) => `${code} ${imageId} ${componentId}`),
      installed: update.installed.map(({ imageId, componentId }) => `${imageId} ${componentId}`),
    },
  });
}

export function updateText({ outcome, installed, deploymentId }: UpdateOutcome): string {
  switch (outcome) {
    case 'installed':
      return table(
        ['INSTALLED IMAGE', 'COMPONENT'],
        installed.map(({ imageId, componentId }) => [imageId, componentId]),
      );
    case 'up-to-date':
      return `up to date with deployment ${deploymentId ?? ''}`;
    case 'no-deployment':
      return 'nothing is deployed to the device group of this device';
    case 'development':
      return 'the development right blocks updates of apps: npx casemate device enable-cloud-test takes it away';
    case 'refused':
      return 'refused';
  }
}
