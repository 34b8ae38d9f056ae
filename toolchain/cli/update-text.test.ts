// What a look for updates ends with: the refusals of the device first.

import test from 'ava';
import type { UpdateOutcome } from '../../contracts/wire/device-link.ts';
import { requireTaken, updateText } from './update-text.ts';

const TAKEN = { imageId: 'i-1', componentId: 'c-1' };
const OUTCOME: UpdateOutcome = { outcome: 'installed', deploymentId: 'd', installed: [TAKEN], refused: [] };

test('an image that was refused ends the command with its code, though another one was taken', (t) => {
  const refused = [
    { imageId: 'i-2', componentId: 'c-2', code: 'image-rolled-back', message: 'm' },
    { imageId: 'i-3', componentId: 'c-3', code: 'update-target-mismatch', message: 'm' },
  ];
  t.like(
    t.throws(() => requireTaken({ ...OUTCOME, refused })),
    {
      code: 'image-rolled-back',
      details: {
        refused: ['image-rolled-back i-2 c-2', 'update-target-mismatch i-3 c-3'],
        installed: ['i-1 c-1'],
      },
    },
  );
});

test('without a refusal the outcome is passed on', (t) => {
  t.is(requireTaken(OUTCOME), OUTCOME);
});

test('every outcome has words', (t) => {
  for (const outcome of ['installed', 'up-to-date', 'no-deployment', 'refused', 'development'] as const)
    t.not(updateText({ ...OUTCOME, outcome }), '');
  t.regex(updateText(OUTCOME), /i-1/);
});
