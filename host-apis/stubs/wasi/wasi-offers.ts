// All of WASI 0.2 that an app of a device finds, under the names of 0.2.0 (contracts/core/semver-name.ts). What is not here does not exist for it.

import type { ImageFiles } from '../../../contracts/core/image-files.ts';
import type { HostInterface, HostOffers, OfferSource } from '../../../component/host-interface.ts';
import type { Later } from '../../../contracts/core/later.ts';
import { after } from '../../../contracts/core/later.ts';
import type { BrokerClient } from '../broker-pipe.ts';
import { cliOffers } from './cli.ts';
import { clockOffers } from './clocks.ts';
import type { Preopen } from './filesystem.ts';
import { filesystemOffers } from './filesystem.ts';
import { httpOffers } from './http/http-offers.ts';
import { WasiHttp } from './http/http-resources.ts';
import { ImageFileSystem } from './image-file-system.ts';
import { WasiIo } from './io.ts';
import { ioOffers } from './io-interfaces.ts';
import { LogLines } from './log-lines.ts';
import { randomOffers } from './random.ts';
import { socketsOffers } from './sockets/sockets-offers.ts';
import { WasiSockets } from './sockets/sockets-table.ts';
import { StorageFileSystem } from './storage-file-system.ts';

export interface WasiSources {
  readonly broker: BrokerClient;
  readonly files: ImageFiles;
  readonly args: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** Whether the manifest grants mutable storage: it then lies under `/storage`. */
  readonly hasStorage: boolean;
}

export interface WasiWorld {
  /** Everything that `offers` can be asked for, by package. */
  readonly packages: Readonly<Record<string, () => HostOffers>>;
  /** Each package is made when the first of its interfaces is asked for: most apps import few of them, and start sooner. */
  readonly offers: OfferSource;
  /** For whoever hands requests to the app. */
  readonly http: WasiHttp;
  /** The app ends in good order: what it wrote and did not end with a line feed goes to the log. */
  readonly finish: () => Later<void>;
}

export function wasiWorld({ broker, files, args, environment, hasStorage }: WasiSources): WasiWorld {
  const io = new WasiIo();
  const http = new WasiHttp(io, broker);
  const [stdout, stderr] = [new LogLines(broker), new LogLines(broker)];
  const preopens: Preopen[] = [{ name: '/', files: new ImageFileSystem(files) }];
  if (hasStorage) preopens.push({ name: '/storage', files: new StorageFileSystem(broker) });
  const packages = {
    'wasi:io': () => ioOffers(io, broker),
    'wasi:clocks': () => clockOffers(io, broker),
    'wasi:random': () => randomOffers(broker),
    'wasi:cli': () => cliOffers(io, { args, environment, stdout, stderr }),
    'wasi:filesystem': () => filesystemOffers(io, preopens),
    'wasi:sockets': () => socketsOffers(new WasiSockets(io, broker)),
    'wasi:http': () => httpOffers(http),
  };
  return {
    packages,
    offers: offersByPackage(packages),
    http,
    finish: () => after(stdout.finish(), () => stderr.finish()),
  };
}

function offersByPackage(makers: Readonly<Record<string, () => HostOffers>>): OfferSource {
  const waiting = new Map(Object.entries(makers));
  const made = new Map<string, HostInterface>();
  return {
    get(name) {
      const [packageName = ''] = name.split('/');
      const make = waiting.get(packageName);
      waiting.delete(packageName);
      if (make !== undefined) for (const [offered, exports] of make()) made.set(offered, exports);
      return made.get(name);
    },
  };
}
