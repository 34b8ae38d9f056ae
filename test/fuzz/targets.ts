// The fuzz targets by name. Nothing else says what can be fuzzed.

import { componentBytes } from './component-bytes.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { hostileGuest } from './hostile-guest.ts';

export const TARGETS: readonly FuzzTarget[] = [componentBytes, hostileGuest];
