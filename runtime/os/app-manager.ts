// All installed apps: started at boot, started, stopped, replaced and removed on request. Never trusts an image itself: the
// monitor verifies, this only asks.

import type { CrashRecord } from '../../contracts/wire/crash-record.ts';
import { CRASHES_TOLD_MAX } from '../../contracts/wire/crash-record.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type { AppMemoryStats, AppStatus } from '../../contracts/wire/device-link.ts';
import type { AppServices } from './managed-app.ts';
import { ManagedApp } from './managed-app.ts';
import { OsError } from './os-error.ts';

/** Azure Sphere sends SIGTERM, then SIGKILL; it does not publish the time between. */
export const STOP_GRACE_NS = 2_000_000_000n;

export class AppManager {
  readonly #services: AppServices;
  readonly #apps = new Map<ComponentId, ManagedApp>();

  constructor(services: AppServices) {
    this.#services = services;
  }

  /**
   * One after another, so that the order of contexts is the order of the images; resolves when each runs or was refused. One
   * that is removed meanwhile is not started: an update may be quicker than the apps.
   */
  async startAll(componentIds: readonly ComponentId[]): Promise<void> {
    for (const componentId of componentIds) this.add(componentId);
    for (const componentId of componentIds) await this.#apps.get(componentId)?.start();
  }

  /** The app of this component, known from now on. */
  add(componentId: ComponentId): ManagedApp {
    const app = this.#apps.get(componentId) ?? new ManagedApp(componentId, this.#services);
    this.#apps.set(componentId, app);
    return app;
  }

  /** Errors: `image-unknown`. */
  get(componentId: ComponentId): ManagedApp {
    const app = this.#apps.get(componentId);
    if (app === undefined)
      throw new OsError('image-unknown', `no app ${componentId} is installed`, { fault: 'caller' });
    return app;
  }

  /** Whether it is, or is about to be, in a context. */
  isActive(componentId: ComponentId): boolean {
    const state = this.#apps.get(componentId)?.state;
    return state === 'starting' || state === 'running' || state === 'crashed';
  }

  /** Makes sure that it does not run; an unknown app does not. */
  async stopIfAny(componentId: ComponentId): Promise<void> {
    await this.#apps.get(componentId)?.stop();
  }

  /** Its image is gone. The app has to be stopped already. */
  forget(componentId: ComponentId): void {
    this.#apps.delete(componentId);
  }

  async memoryStats(): Promise<readonly AppMemoryStats[]> {
    return Promise.all([...this.#apps.values()].map((app) => app.memoryStats()));
  }

  /** The newest bad ends of all apps, oldest first. */
  crashes(): readonly CrashRecord[] {
    const all = [...this.#apps.values()].flatMap((app) => app.crashes);
    return all.sort((a, b) => a.t - b.t).slice(-CRASHES_TOLD_MAX);
  }

  statuses(): readonly AppStatus[] {
    return [...this.#apps.values()].map((app) => app.status());
  }
}
