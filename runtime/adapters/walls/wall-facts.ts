// What each wall stops and how a person gets it: one row per wall, the same words in the command and in the documentation.

import type { WallName } from '../../hil/walls.ts';

export interface WallFacts {
  /** What it keeps a taken-over process from. */
  readonly stops: string;
  /** What to do where it does not stand. */
  readonly remedy: string;
  /** Around which processes it never stands. */
  readonly except?: string;
}

const USER_NAMESPACES =
  'run as root, or allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0';
const PID_TOOLS = 'apt-get install util-linux perl-base; then ';
const DELEGATED_GROUPS =
  'run as root, or in a scope of your own where systemd hands out control groups: systemd-run --user --scope -p Delegate=yes npm start';

export const WALL_FACTS: Readonly<Record<WallName, WallFacts>> = {
  permission: {
    stops: 'JavaScript that opens files, sockets, processes, threads or libraries; reading an environment',
    remedy: 'nothing: it always stands',
  },
  'parent-death': {
    stops: 'running on when the secure world is gone',
    remedy: 'apt-get install util-linux',
  },
  'resource-limits': {
    stops: 'writing any file, dumping a core, opening descriptors without end',
    remedy: 'run on Linux with glibc or musl',
  },
  'system-calls': {
    stops:
      'native code that opens, connects, starts, traces or signals anything, and every kernel call that is not on the list',
    remedy: 'run on Linux (x64, arm64) with seccomp; apt-get install perl-base',
  },
  'empty-root': {
    stops: 'reaching any file of the host by a path',
    remedy: USER_NAMESPACES,
    except: 'apps that share a process as workers (placement worker)',
  },
  'own-user': {
    stops: 'signalling or tracing other processes, touching files of the device or of the person',
    remedy: 'run as root',
  },
  'pid-namespace': {
    stops: 'seeing or signalling any other process; children that outlive it',
    remedy: `${PID_TOOLS}${USER_NAMESPACES}`,
  },
  'network-namespace': { stops: 'reaching any network, this machine’s own services too', remedy: USER_NAMESPACES },
  'ipc-namespace': { stops: 'shared memory and message queues of the host', remedy: USER_NAMESPACES },
  'memory-group': { stops: 'taking more memory than the app’s limit, by whatever means', remedy: DELEGATED_GROUPS },
  'cpu-group': { stops: 'taking more than one processor', remedy: DELEGATED_GROUPS },
  'task-group': { stops: 'starting threads or processes without end', remedy: DELEGATED_GROUPS },
  'kill-group': { stops: 'a child that outlives the kill in a session of its own', remedy: DELEGATED_GROUPS },
};

export const WALL_NAMES = Object.keys(WALL_FACTS) as readonly WallName[];

/** Node starts no worker where the working directory has been removed, and a removed folder is what the empty root is. */
export const LOWERED_FOR_WORKERS: readonly WallName[] = ['empty-root'];
