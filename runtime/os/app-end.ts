// Why an app ended, out of what the monitor saw and what the runner said. Never out of anything that the guest can write.

import { RUNNER_EXIT, decodeLastWords } from '../../contracts/core/last-words.ts';
import type { AppEnd } from '../../contracts/wire/device-link.ts';
import type { BrokerError } from '../../host-apis/broker/broker-error.ts';
import type { AppEnded } from '../monitor/abi/records.ts';

/** `cutOff`: the broker had cut the app off, and the OS then ended it. */
export function appEndOf({ how, lastWords }: AppEnded, cutOff: BrokerError | undefined): AppEnd {
  if (cutOff !== undefined) return { reason: 'killed', exitCode: null, detail: `${cutOff.code}: ${cutOff.message}` };
  if (how.kind === 'signal') return { reason: 'killed', exitCode: null, detail: `signal ${how.signal}` };
  const words = decodeLastWords(lastWords);
  // A guest may exit with the runner's own numbers; only with the last words, which it cannot write, they mean what they say.
  if (how.exitCode === RUNNER_EXIT.trap && words?.kind === 'trap')
    return { reason: 'trap', exitCode: null, detail: words.detail };
  if (how.exitCode === RUNNER_EXIT.refused && words?.kind === 'refused') {
    // What is not granted is told with the manifest line to add: the author needs it, and the runner said it, not the guest.
    const isNotGranted = words.code === 'import-not-granted';
    return { reason: 'refused', exitCode: null, detail: isNotGranted ? `${words.code}: ${words.detail}` : words.code };
  }
  return { reason: 'exit', exitCode: how.exitCode, detail: '' };
}

/** Whether this end counts towards giving the app up. */
export function isFailingEnd({ reason, exitCode }: AppEnd): boolean {
  return reason !== 'exit' || exitCode !== 0;
}
