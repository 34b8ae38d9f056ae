// The compartment process: one app from the bytes on its descriptors to its exit code. Composes only; it has no right to anything else.
//
// Started as `node --permission --input-type=module -` with this file's bundle on standard input (docs/architecture.md).

import process from 'node:process';
import {
  brokerDescriptors,
  exitCodeWith,
  readImageDescriptor,
  sha256,
} from '../../adapters/compartment-descriptors.ts';
import { runApp } from '../../compartment/run-app.ts';

const ending = runApp({ readImage: readImageDescriptor, broker: brokerDescriptors, sha256 });
process.exit(exitCodeWith(ending));
