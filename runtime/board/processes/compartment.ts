// The compartment process: one app from the bytes on its descriptors to its exit code. Composes only; it has no right to anything else.
//
// Started as `node --permission --input-type=module -` with this file's bundle on standard input (docs/architecture.md).

import { brokerDescriptors, exitCodeWith, readImageDescriptor } from '../../adapters/compartment-descriptors.ts';
import { exitWith, sha256 } from '../../adapters/engine-modules.ts';
import { runApp } from '../../compartment/run-app.ts';

const ending = runApp({ readImage: readImageDescriptor, broker: brokerDescriptors, sha256 });
exitWith(exitCodeWith(ending));
