// Apps in each placement, on the real launcher with the bundles of a device and an OS that answers everything. It must never be used outside tests
// and benchmarks.

import { setTimeout as sleep } from 'node:timers/promises';
import type { GroupPlacement } from '../../contracts/core/group-frame.ts';
import { ProcessLauncher } from '../../runtime/adapters/process-launcher.ts';
import type { AppGroup, OsProcess, ProcessEnd, Program, Running } from '../../runtime/hil/launch.ts';
import { BUNDLES, bundle } from '../../toolchain/factory/bundle.ts';
import type { BundleRule } from '../../toolchain/factory/bundle.ts';

export const PLACED = ['process', 'worker', 'thread'] as const;
export type Placed = (typeof PLACED)[number];

const LIMITS = { memoryPages: 256 };
const GROUP_CONTEXTS = [4, 5, 6, 7];
const FAKE_OS: BundleRule = { entry: 'test/support/fake-os.ts', form: 'process' };

export interface PlacedApp {
  readonly context: number;
  /** Lines that earlier apps in its context have logged. */
  readonly loggedBefore: number;
  readonly startsBefore: number;
  readonly running: Running;
  readonly ended: Promise<ProcessEnd>;
}

export class PlacedApps {
  readonly placement: Placed;
  readonly launcher: ProcessLauncher;
  readonly #os: OsProcess;
  readonly #runner: Program;
  readonly #group: AppGroup | undefined;
  readonly #lines: string[] = [];
  #rest = '';
  #watchers: (() => void)[] = [];
  readonly #taken = new Set<number>();

  private constructor(placement: Placed, launcher: ProcessLauncher, os: Program, runner: Program) {
    this.placement = placement;
    this.launcher = launcher;
    this.#runner = runner;
    this.#os = launcher.startOs(os);
    this.#os.secureCalls.onBytes((bytes) => this.#heard(bytes));
    this.#group = placement === 'process' ? undefined : this.#startGroup(placement);
  }

  static async start(placement: Placed): Promise<PlacedApps> {
    const runner = await program(BUNDLES[placement === 'process' ? 'compartment' : 'group']);
    return new PlacedApps(placement, new ProcessLauncher(), await program(FAKE_OS), runner);
  }

  /** The process of a group; in the placement `process` each app has its own. */
  get groupPid(): number | undefined {
    return this.#group?.pid;
  }

  /** Starts the image in a free context, with the broker's start frame on its way. */
  app(image: Uint8Array): PlacedApp {
    const contexts = this.#group === undefined ? [1, 2, 3] : GROUP_CONTEXTS;
    const context = contexts.find((candidate) => !this.#taken.has(candidate)) ?? 0;
    this.#taken.add(context);
    const loggedBefore = this.logged(context).length;
    const startsBefore = this.#starts(context);
    const running =
      this.#group === undefined
        ? this.launcher.startCompartment(this.#runner, context, image, LIMITS)
        : this.#group.startApp(context, image);
    const ended = new Promise<ProcessEnd>((resolve) => {
      running.onEnd((end) => {
        this.#taken.delete(context);
        resolve(end);
      });
    });
    this.#os.secureCalls.send(Uint8Array.of(context));
    return { context, loggedBefore, startsBefore, running, ended };
  }

  /** What the app in this context has logged so far. */
  logged(context: number): readonly string[] {
    return this.#lines.filter((line) => line.startsWith(`${context} `)).map((line) => line.slice(2));
  }

  /** Resolves when the app has logged so many lines. */
  async untilLogged({ context, loggedBefore }: PlacedApp, times = 1): Promise<void> {
    while (this.logged(context).length < loggedBefore + times) await this.#somethingSaid();
  }

  /** Resolves when the broker has started whoever is in this context. */
  async untilStarted({ context, startsBefore }: PlacedApp): Promise<void> {
    while (this.#starts(context) <= startsBefore) await this.#somethingSaid();
  }

  #starts(context: number): number {
    return this.#lines.filter((line) => line === `0 ${context}`).length;
  }

  #somethingSaid(): Promise<void> {
    return Promise.race([new Promise<void>((resolve) => this.#watchers.push(resolve)), sleep(5000)]);
  }

  /** Ends the group as the secure world ends one that does not obey. */
  killGroup(): void {
    this.#group?.kill();
  }

  close(): void {
    this.launcher.close();
  }

  #startGroup(placement: GroupPlacement): AppGroup {
    return this.launcher.startGroup(this.#runner, { placement, contexts: GROUP_CONTEXTS }, LIMITS);
  }

  #heard(bytes: Uint8Array): void {
    const lines = (this.#rest + new TextDecoder().decode(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    this.#lines.push(...lines);
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }
}

async function program(rule: BundleRule): Promise<Program> {
  const { code } = await bundle(rule);
  return { name: rule.entry, code };
}
