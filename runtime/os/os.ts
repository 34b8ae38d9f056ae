// The OS, composed of its services: what the board hands in on one side, the lives of all apps on the other. Never a right of
// its own beyond the two channels and the pipes that it is given.

import { INTERRUPT } from '../../contracts/core/chip.ts';
import type { Sha256 } from '../../contracts/core/image.ts';
import { ALL_AT_ONCE } from '../../host-apis/broker/all-at-once.ts';
import type { BrokerParts } from '../../host-apis/broker/broker.ts';
import { Broker } from '../../host-apis/broker/broker.ts';
import type { ByteChannel } from '../hil/launch.ts';
import { AppManager, STOP_GRACE_NS } from './app-manager.ts';
import { AuditTrail } from './audit-trail.ts';
import { brokerAudit } from './broker-audit.ts';
import { BusClient } from './bus-client.ts';
import type { PipeOfContext } from './compartment-pipes.ts';
import { Contexts } from './contexts.ts';
import type { LocalClock } from './device-time.ts';
import { DeviceRandom } from './device-random.ts';
import { DeviceTime, isTimeVirtual } from './device-time.ts';
import { linkMethods } from './device-link/link-methods.ts';
import { LinkOutbox } from './device-link/link-outbox.ts';
import { LinkService } from './device-link/link-service.ts';
import { ServiceUartDriver } from './device-link/service-uart.ts';
import { FailureReporter } from './failure-reporter.ts';
import { GpioDriver } from './gpio-driver.ts';
import { ImageInstaller } from './image-installer.ts';
import { InstalledImages } from './installed-images.ts';
import { appFactsReader } from './read-app-facts.ts';
import type { AirLink } from './network/air-link.ts';
import { NO_AIR } from './network/air-link.ts';
import { AppNetwork } from './network/app-network.ts';
import type { RestartTimes } from './restart-policy.ts';
import { RESTART_TIMES } from './restart-policy.ts';
import { SecureCallClient } from './secure-calls.ts';
import { AttestationClient } from './service/attestation-client.ts';
import { chanceFrom } from './service/backoff.ts';
import { DeviceCertificates } from './service/device-certificates.ts';
import { Reports } from './service/reports.ts';
import { ServiceConnection } from './service/service-connection.ts';
import { UpdateSchedule } from './service/update-schedule.ts';
import type { DeviceKeys, ServiceNetwork } from './service-port.ts';
import { AppStorage } from './storage/app-storage.ts';
import { WallClock } from './wall-clock.ts';
import { restartForLogRoom } from './update/log-room.ts';
import { UpdateClient } from './update/update-client.ts';
import { ViolationWatch } from './violation-watch.ts';
import type { ChannelEar } from './virtual-time/listening.ts';
import { heardBus, heardSecureCalls } from './virtual-time/listening.ts';
import type { VirtualOs } from './virtual-time/virtual-os.ts';
import { startVirtualOs } from './virtual-time/virtual-os.ts';

export interface OsParts {
  readonly bus: ByteChannel;
  readonly secureCalls: ByteChannel;
  readonly pipeOf: PipeOfContext;
  /** For a device whose time is real. */
  readonly clock: LocalClock;
  /** Runs this when all that is on its way in this process has come to rest; for a device whose time is virtual. */
  readonly soon: (work: () => void) => void;
  readonly sha256: Sha256;
  readonly network: ServiceNetwork;
  /** The radio, for the apps; a device whose time is virtual has none. */
  readonly air: AirLink;
  readonly keys: DeviceKeys;
  /** Something that nobody expected, for a person. */
  readonly report: (error: unknown) => void;
  readonly restartTimes?: RestartTimes;
  readonly stopGraceNs?: bigint;
  /** What a test puts in the broker's place of a part. */
  readonly broker?: Pick<BrokerParts, 'grantCheckFor' | 'handlesMax' | 'logAllowance'>;
}

export interface RunningOs {
  readonly apps: AppManager;
  readonly trail: AuditTrail;
  readonly failures: FailureReporter;
}

/** Serves the device link and starts every installed app; resolves when each of them runs or was refused. */
export async function startOs(parts: OsParts): Promise<RunningOs> {
  const trail = new AuditTrail();
  let virtual: VirtualOs | undefined;
  const ear = (): ChannelEar | undefined => virtual?.ear;
  const secureCalls = heardSecureCalls(parts.secureCalls, ear);
  const monitor = new SecureCallClient(secureCalls, (ended) => contexts.ended(ended));
  const contexts = new Contexts(monitor, (context) => (virtual ?? parts).pipeOf(context));
  const violations = new ViolationWatch(monitor, trail);
  const bus = new BusClient(heardBus(parts.bus, ear), (line) => {
    if (line === INTERRUPT.serviceUart) uart.interrupted();
    if (line === INTERRUPT.firewallViolation) violations.interrupted().catch(parts.report);
    if (line === INTERRUPT.timer) virtual?.time.interrupted();
  });
  const uart = new ServiceUartDriver(bus);
  const outbox = new LinkOutbox(uart);
  if (await isTimeVirtual(bus)) virtual = await startVirtualOs({ ...parts, bus, monitor, contexts, outbox });
  const time = virtual?.time ?? (await DeviceTime.start(bus, parts.clock));
  const turns = virtual?.turns ?? ALL_AT_ONCE;
  const gpio = new GpioDriver(bus);
  const appNetwork = new AppNetwork(virtual === undefined ? parts.air : NO_AIR);
  const storage = new AppStorage({ monitor, time, report: parts.report });
  const services = { storage, wallClock: new WallClock(monitor, time), random: new DeviceRandom(monitor) };
  const broker = new Broker({
    time,
    turns,
    gpio,
    ...services,
    network: appNetwork,
    audit: brokerAudit(trail, time),
    ...parts.broker,
  });
  const readFacts = appFactsReader(parts.sha256);
  const images = new InstalledImages(monitor, readFacts);
  const { restartTimes = RESTART_TIMES, stopGraceNs = STOP_GRACE_NS, keys, report, sha256 } = parts;
  const certificates = new DeviceCertificates();
  const connection = new ServiceConnection(monitor, (virtual ?? parts).network, certificates);
  const reports = new Reports({ monitor, connection, keys, time, report });
  const service = new AttestationClient({ monitor, connection, certificates, keys, time, trail, report });
  const failures = new FailureReporter(reports);
  const factsOf: InstalledImages['factsOf'] = (componentId) => images.factsOf(componentId);
  const apps = new AppManager({
    broker,
    network: appNetwork,
    time,
    turns,
    trail,
    failures,
    contexts,
    restartTimes,
    stopGraceNs,
    factsOf,
  });
  const installer = new ImageInstaller(monitor, apps, readFacts, storage);
  const updates = new UpdateClient({
    session: connection,
    reports,
    monitor,
    apps,
    images,
    installer,
    readFacts,
    trail,
    time,
    sha256,
  });
  const chance = chanceFrom((count) => keys.random(count));
  const room = { monitor, flush: () => reports.flush() };
  const check = async (): Promise<void> => restartForLogRoom(room, await updates.check());
  const schedule = new UpdateSchedule({ check, time, chance, report });
  service.onAttested(() => {
    reports.attested();
    schedule.attested();
  });
  trail.onEvent((event) => outbox.event(event));
  const methods = linkMethods({ monitor, apps, images, installer, trail, time, service, updates, reports });
  const link = new LinkService({ uart, outbox, methods, monitor, report });
  // The link is served before the apps start, so that a device with a bad app can still be helped; it ends with the OS alone.
  void link.run();
  await reports.start();
  await service.start();
  await apps.startAll((await images.records()).map(({ componentId }) => componentId));
  return { apps, trail, failures };
}
