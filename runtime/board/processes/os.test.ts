// The OS bundle as a process, started as the launcher starts it: no right of the host, answers on the cable, ends with its parent.

import test from 'ava';
import { FrameStream } from '../../../contracts/core/frame-stream.ts';
import { SECURE_FRAME_MAX_BYTES } from '../../../contracts/core/limits.ts';
import { BenchHost } from '../../../test/support/os-bench.ts';
import { chipParts } from '../../../test/support/bare-chip.ts';
import { BUNDLES, bundle } from '../../../toolchain/factory/bundle.ts';
import { powerOnClock } from '../../adapters/host-clock.ts';
import { ProcessLauncher } from '../../adapters/process-launcher.ts';
import type { ProcessEnd } from '../../hil/launch.ts';
import { decodeSecureRequest, encodeSecureError, encodeSecureResult } from '../../monitor/abi/codec.ts';
import { programOsRows } from '../../monitor/firewall-rows.ts';
import { connectBusPort } from '../../soc/bus-port.ts';
import { resetChip } from '../../soc/chip.ts';

/** A chip with a monitor that has no images and no records, and refuses everything else. */
async function startedOs() {
  const { code } = await bundle(BUNDLES.os);
  const { chip, serial } = resetChip(chipParts(powerOnClock().clock));
  programOsRows(chip.firewall);
  const launcher = new ProcessLauncher();
  const os = launcher.startOs({ name: 'os', code });
  connectBusPort(chip.bus, 'a7Normal', os.bus, () => os.kill());
  const frames = new FrameStream(SECURE_FRAME_MAX_BYTES);
  os.secureCalls.onBytes((bytes) => {
    for (const frame of frames.push(bytes)) {
      const { tag, ...decoded } = decodeSecureRequest(frame);
      const call = decoded.ok ? decoded.request.call : undefined;
      if (call === 'listImages') os.secureCalls.send(encodeSecureResult(tag, call, []));
      else if (call === 'readRecord') os.secureCalls.send(encodeSecureResult(tag, call, undefined));
      else os.secureCalls.send(encodeSecureError(tag, 'internal', ''));
    }
  });
  const ended = new Promise<ProcessEnd>((resolve) => os.onEnd(resolve));
  return { os, serial, launcher, ended };
}

/** The answer to `app.status`, however long the process takes to start. */
async function firstAnswer(serial: Awaited<ReturnType<typeof startedOs>>['serial']): Promise<unknown> {
  const host = new BenchHost(serial);
  void host.request('app.status');
  while (host.replies.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  return host.replies[0];
}

test('the OS process serves the device link without any right of the host', async (t) => {
  const { os, serial, launcher, ended } = await startedOs();
  t.teardown(() => launcher.close());
  t.like(await firstAnswer(serial), { ok: true, result: { apps: [] } });
  os.kill();
  t.is((await ended).signal, 'SIGKILL');
});

test('garbage on the bus ends the OS with exit code 70 and a word about it', async (t) => {
  const { os, serial, ended } = await startedOs();
  await firstAnswer(serial);
  os.bus.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  const { exitCode, lastWords } = await ended;
  t.is(exitCode, 70);
  t.regex(lastWords, /^os: FrameError/);
});
