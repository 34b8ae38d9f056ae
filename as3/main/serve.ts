// The service as a process: store, certificates, its three listeners (management, devices, page), until it is told to end. Never
// manages for anything but this machine, and never without client certificates.

import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:https';
import { join, resolve } from 'node:path';
import { isCoded } from '../../contracts/core/coded-error.ts';
import { holdingFolder } from '../adapters/folder-lock.ts';
import { openServiceFolder, writeServiceRecord } from '../adapters/service-folder.ts';
import type { ServiceCredentials, ServiceFolderOptions } from '../adapters/service-folder.ts';
import { JournalFeed } from '../domain/journal.ts';
import { Management } from '../domain/management.ts';
import { deviceRoutes } from '../http/device-routes.ts';
import type { DeviceTls } from '../http/device-server.ts';
import { deviceServer, deviceTlsOptions } from '../http/device-server.ts';
import type { ManagementTls } from '../http/management-server.ts';
import { managementServer, tlsOptions } from '../http/management-server.ts';
import type { PageServer } from '../http/page-server.ts';
import { pageServer } from '../http/page-server.ts';
import type { OpenStore } from '../store/open-store.ts';
import { openStore } from '../store/open-store.ts';
import { openDeviceDesk } from './open-device-desk.ts';
import { openUpdateDesk } from './open-update-desk.ts';
import { readPageAssets } from './page-assets.ts';
import { ServeError, reasonOf } from './serve-error.ts';
import type { ServeOptions } from './serve-options.ts';
import { serveOptionsOf } from './serve-options.ts';

const HOST = '127.0.0.1';
const RENEWAL_CHECK_MS = 12 * 60 * 60 * 1000;
/** How long a service that is ending may still take. */
const TAKE_OVER_MS = 5000;
const EXIT = { refused: 1, usage: 2 } as const;
const clock = { nowMs: () => Date.now() };
const report = (error: unknown): void => void process.stderr.write(`${JSON.stringify({ report: reasonOf(error) })}\n`);

/** Resolves when the process is asked to end. */
function untilAsked({ untilInputEnds }: ServeOptions): Promise<void> {
  return new Promise((end) => {
    process.once('SIGINT', end).once('SIGTERM', end);
    // Whoever started it is gone: without this, a killed command would leave the service running.
    if (untilInputEnds) process.stdin.resume().once('close', end);
  });
}

/** A second service of one folder would take the first one's place in `service.json`, and leave nobody there when it ends. */
async function serveAlone(options: ServeOptions): Promise<void> {
  const held = join(options.state, 'serving');
  await mkdir(held, { recursive: true, mode: 0o700 });
  let isHeld = false;
  try {
    await holdingFolder(
      held,
      () => {
        isHeld = true;
        return serve(options);
      },
      TAKE_OVER_MS,
    );
  } catch (cause) {
    if (isHeld || !isCoded(cause) || cause.code !== 'authority-busy') throw cause;
    throw new ServeError('state-folder-in-use', `a service runs on ${options.state} already`, {
      fault: 'caller',
      hint: 'its address is in service.json there; end it first, or give this one a state folder of its own',
      cause,
    });
  }
}

async function serve(options: ServeOptions): Promise<void> {
  const asked = untilAsked(options);
  const credentials = await openServiceFolder(options.state, clock, folderOptions(options));
  const store = await openStore(options.store);
  try {
    const { management, devices, page } = await listenersOf(options, credentials, store);
    const renewal = setInterval(() => {
      openServiceFolder(options.state, clock, folderOptions(options)).then((renewed) => {
        management.server.setSecureContext(tlsOptions(managementTls(renewed)));
        devices.server.setSecureContext(deviceTlsOptions(deviceTls(renewed)));
      }, report);
    }, RENEWAL_CHECK_MS);
    try {
      const { state, port, deviceHost } = options;
      const url = `https://localhost:${await listen(management, HOST, port)}`;
      const devicePort = await listen(devices, deviceHost ?? HOST, port === 0 ? 0 : port + 1);
      const deviceApi = `https://${deviceHost ?? 'localhost'}:${devicePort}`;
      // With its token the address stays on standard output: the record below is readable by everybody on this machine.
      const pageUrl = await listenPage(page, port === 0 ? 0 : port + 2);
      const record = await writeServiceRecord(state, { url, deviceApi });
      const [operator, root] = [resolve(state, record.operator), resolve(state, record.root)];
      process.stdout.write(`${JSON.stringify({ url, deviceApi, page: pageUrl, state, operator, root })}\n`);
      await asked;
    } finally {
      clearInterval(renewal);
      await Promise.all([management.close(), devices.close(), page.close()]);
    }
  } finally {
    await store.close();
  }
}

async function listenersOf({ state }: ServeOptions, credentials: ServiceCredentials, store: OpenStore) {
  const parts = { clock, newId: randomUUID, journal: new JournalFeed(clock) };
  const updates = await openUpdateDesk(state, store, parts);
  const desk = openDeviceDesk(credentials, store, updates, parts);
  const shared = { newId: randomUUID, report };
  const management = managementServer({
    ...shared,
    management: new Management(store.management, clock, randomUUID),
    updates,
    devices: desk,
    clock,
    tls: managementTls(credentials),
  });
  const devices = deviceServer({
    ...shared,
    desk: desk.attestation,
    identify: (certificate) => desk.identify(certificate),
    routes: deviceRoutes(updates),
    tls: deviceTls(credentials),
  });
  const page = pageServer({
    overview: store.overview,
    journal: parts.journal,
    assets: await readPageAssets(),
    newToken: () => randomBytes(32).toString('base64url'),
    report,
  });
  return { management, devices, page };
}

/** The address to open. Errors: `port-unusable`. */
async function listenPage(page: PageServer, port: number): Promise<string> {
  try {
    return await page.listen(port);
  } catch (cause) {
    throw portUnusable(HOST, port, cause);
  }
}

/** The port that it got. Errors: `port-unusable`. */
async function listen(
  listener: { readonly server: Server; listen(where: { host: string; port: number }): Promise<unknown> },
  host: string,
  port: number,
): Promise<number> {
  try {
    await listener.listen({ host, port });
  } catch (cause) {
    throw portUnusable(host, port, cause);
  }
  const address = listener.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function portUnusable(host: string, port: number, cause: unknown): ServeError {
  return new ServeError('port-unusable', `cannot listen on ${host} port ${port}: ${(cause as Error).message}`, {
    fault: 'caller',
    hint: 'choose another one with --port, or 0 for any that is free',
    cause,
  });
}

function folderOptions({ deviceHost, certificateLifeMs }: ServeOptions): ServiceFolderOptions {
  return {
    ...(deviceHost === undefined ? {} : { deviceHost }),
    ...(certificateLifeMs === undefined ? {} : { certificateLifeMs }),
  };
}

function managementTls({ server, operatorCa }: ServiceCredentials): ManagementTls {
  return { key: server, certificate: server, operatorCa };
}

function deviceTls({ deviceServer: server, root }: ServiceCredentials): DeviceTls {
  return { key: server, certificate: server, root };
}

try {
  await serveAlone(serveOptionsOf(process.argv.slice(2)));
  // A parent's pipe that is still open would keep the process.
  process.stdin.destroy();
} catch (error) {
  process.stderr.write(`${JSON.stringify({ error: reasonOf(error) })}\n`);
  process.exitCode = error instanceof ServeError && error.code === 'usage-wrong' ? EXIT.usage : EXIT.refused;
  process.stdin.destroy();
}
