// The walls that a host can put around a process of the device, beside the engine and its permission model. Types only; what each
// is made of is the host's business.

/**
 * - `permission`: Node's permission model with nothing allowed, and no environment
 * - `parent-death`: the kernel ends the process with the secure world
 * - `resource-limits`: no file can grow, no core is dumped, few descriptors
 * - `system-calls`: a list of the kernel's calls, everything else is refused (seccomp)
 * - `empty-root`: its root folder is empty and can hold nothing (chroot)
 * - `own-user`: a user id that no other process of the host has
 * - `pid-namespace`, `network-namespace`, `ipc-namespace`: it sees no other process, no interface, no shared memory of the host
 * - `memory-group`, `cpu-group`, `task-group`, `kill-group`: control groups: what it and all its children may take, and their end
 */
export type WallName =
  | 'permission'
  | 'parent-death'
  | 'resource-limits'
  | 'system-calls'
  | 'empty-root'
  | 'own-user'
  | 'pid-namespace'
  | 'network-namespace'
  | 'ipc-namespace'
  | 'memory-group'
  | 'cpu-group'
  | 'task-group'
  | 'kill-group';

/** Whether one wall stands around the processes of this device. */
export interface WallReport {
  readonly name: WallName;
  readonly stands: boolean;
  /** What it keeps a taken-over process from. */
  readonly stops: string;
  /** Where it does not stand: why, in the host's words. */
  readonly reason: string;
  /** Where it does not stand: what a person can do about it. */
  readonly remedy: string;
  /** Around which processes it does not stand although it can on this host; absent: around all of them. */
  readonly except?: string;
}
