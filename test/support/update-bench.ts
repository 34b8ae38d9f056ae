// A device that is updated over the air, in memory: the real update client, installer and app manager between a monitor and a
// repository that do what a test says. It must never be taken for a proof about the monitor: that one only plays its part.

import { createHash } from 'node:crypto';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import { Broker } from '../../host-apis/broker/broker.ts';
import type { ImageRecord } from '../../runtime/monitor/abi/records.ts';
import { AppManager } from '../../runtime/os/app-manager.ts';
import { AuditTrail } from '../../runtime/os/audit-trail.ts';
import { Contexts } from '../../runtime/os/contexts.ts';
import { FailureReporter } from '../../runtime/os/failure-reporter.ts';
import { ImageInstaller } from '../../runtime/os/image-installer.ts';
import { InstalledImages } from '../../runtime/os/installed-images.ts';
import { appFactsReader } from '../../runtime/os/read-app-facts.ts';
import { NO_AIR } from '../../runtime/os/network/air-link.ts';
import { AppNetwork } from '../../runtime/os/network/app-network.ts';
import { RESTART_TIMES } from '../../runtime/os/restart-policy.ts';
import type { ReportSink } from '../../runtime/os/service/report-sink.ts';
import { UpdateClient } from '../../runtime/os/update/update-client.ts';
import { BENCH_CATALOG, BENCH_DEVICE, BenchSession } from './bench-session.ts';
import { benchKeys } from './boot-bench.ts';
import { AuditNotes, NotedPins } from './broker-bench.ts';
import { applicationPackage } from './os-bench.ts';
import { NotedPipe } from './scripted-monitor.ts';
import { StoringMonitor } from './storing-monitor.ts';
import { TufRepository } from './tuf-repository.ts';
import { SECOND, VirtualTime, settled } from './virtual-time.ts';

export const NOW = 1_800_000_000;
/** More than an app gets for ending by itself. */
const GRACE = 3n * SECOND;
const { service: key } = benchKeys();
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/** A version of an app; the same wish gives the same image. */
export interface AppVersion {
  readonly componentId: ComponentId;
  readonly rollbackIndex?: number;
  readonly manifestPins?: readonly number[];
  readonly grantedPins?: readonly number[];
  readonly name?: string;
}

export function packageOf(version: AppVersion): Uint8Array {
  return applicationPackage({ ...version, key });
}

export function imageIdOf(version: AppVersion): string {
  return decodeImage(packageOf(version), sha256).imageId;
}

/** `firstRoot`: what stands in the keystore, if not the repository's own root. */
export function updateBench(firstRoot?: Uint8Array) {
  const director = { deviceId: BENCH_DEVICE, catalogId: BENCH_CATALOG, deploymentId: null };
  const repository = new TufRepository(NOW, director);
  const session = new BenchSession(repository, NOW);
  const monitor = new StoringMonitor(firstRoot ?? repository.file('1.root.json'), BENCH_DEVICE as DeviceId);
  const time = new VirtualTime();
  const trail = new AuditTrail();
  const events: DeviceEvent[] = [];
  trail.onEvent((event) => events.push(event));
  const reported: Parameters<ReportSink['add']>[0][] = [];
  const reports: ReportSink = { add: (event) => reported.push(event) };
  const pipes = new Map([1, 2, 3, 4, 5, 6, 7].map((context) => [context, new NotedPipe()]));
  const contexts = new Contexts(monitor, (context) => pipes.get(context));
  monitor.onEnded = (ended) => contexts.ended(ended);
  const readFacts = appFactsReader(sha256);
  const images = new InstalledImages(monitor, readFacts);
  const apps = new AppManager({
    broker: new Broker({ time, gpio: new NotedPins(), audit: new AuditNotes() }),
    network: new AppNetwork(NO_AIR),
    time,
    trail,
    failures: new FailureReporter(reports),
    contexts,
    restartTimes: RESTART_TIMES,
    stopGraceNs: GRACE,
    factsOf: (componentId) => images.factsOf(componentId),
  });
  const installer = new ImageInstaller(monitor, apps, readFacts, { forget: () => Promise.resolve() });
  const updates = new UpdateClient({
    monitor,
    session,
    installer,
    apps,
    images,
    readFacts,
    sha256,
    trail,
    time,
    reports,
  });

  /** Publishes a deployment of these images. */
  const deploy = (deploymentId: string | null, ...versions: readonly AppVersion[]): void => {
    repository.director = { ...director, deploymentId };
    repository.images.length = 0;
    for (const version of versions) {
      const bytes = packageOf(version);
      const { componentId, imageId, rollbackIndex } = decodeImage(bytes, sha256);
      repository.images.push({ bytes, custom: { componentId, imageId, rollbackIndex } });
    }
    repository.release();
  };
  /** Installs and starts, as a deployment before did. */
  const running = async (version: AppVersion, trust?: ImageRecord['trust']): Promise<ImageRecord> => {
    const record = monitor.put(packageOf(version), trust);
    await apps.add(version.componentId).start();
    return record;
  };
  /** Lets `work` go on until it is done; apps that do not end by themselves are waited for. */
  async function through<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    work.then(done, done);
    while (!isDone) {
      await settled();
      if (time.alarms > 0) await time.advance(GRACE);
    }
    return work;
  }
  const check = () => through(updates.check());
  const installed = (): readonly string[] => [...monitor.images.values()].map(({ record }) => record.imageId).sort();
  return {
    repository,
    session,
    monitor,
    time,
    events,
    reported,
    apps,
    installer,
    updates,
    deploy,
    running,
    through,
    check,
    installed,
  };
}
