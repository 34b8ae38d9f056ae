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
const GONE_MS = 5000;
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

  /** As `app`, in a group: the start frame is there before the image. */
  async appThatIsAwaited(image: Uint8Array): Promise<PlacedApp> {
    const context = this.#freeContext();
    const startsBefore = this.#starts(context);
    this.#os.secureCalls.send(Uint8Array.of(context));
    while (this.#starts(context) <= startsBefore) await this.#somethingSaid();
    // Long enough for the process of the group to have read it; if it has not, the app is started all the same.
    await sleep(20);
    return this.#app(image, context, startsBefore);
  }

  /** Starts the image in a free context, with the broker's start frame on its way. */
  app(image: Uint8Array): PlacedApp {
    const context = this.#freeContext();
    const app = this.#app(image, context, this.#starts(context));
    this.#os.secureCalls.send(Uint8Array.of(context));
    return app;
  }

  #freeContext(): number {
    const contexts = this.#group === undefined ? [1, 2, 3] : GROUP_CONTEXTS;
    return contexts.find((candidate) => !this.#taken.has(candidate)) ?? 0;
  }

  #app(image: Uint8Array, context: number, startsBefore: number): PlacedApp {
    this.#taken.add(context);
    const loggedBefore = this.logged(context).length;
    const running =
      this.#group === undefined
        ? this.launcher.startCompartment(this.#runner, context, image, LIMITS)
        : this.#group.startApp(context, image);
    const ended = new Promise<ProcessEnd>((resolve) => {
      running.onEnd((end) => {
        void this.#hangUp(context).then(() => {
          this.#taken.delete(context);
          resolve(end);
        });
      });
    });
    return { context, loggedBefore, startsBefore, running, ended };
  }

  /** What the app in this context has logged so far. */
  logged(context: number): readonly string[] {
    return this.#lines.filter((line) => line.startsWith(`${context} `)).map((line) => line.slice(2));
  }

  /** Resolves when the app has logged so many lines. Errors: it has been gone for a while and has not. */
  async untilLogged({ context, loggedBefore, ended }: PlacedApp, times = 1): Promise<void> {
    // What it wrote before its end may still be on its way from the OS.
    const gone = ended.then(async ({ lastWords }) => {
      await sleep(GONE_MS, undefined, { ref: false });
      throw new Error(`it ended before it logged: ${lastWords}`);
    });
    gone.catch(() => undefined);
    while (this.logged(context).length < loggedBefore + times) await Promise.race([this.#somethingSaid(), gone]);
  }

  /** Resolves when the broker has started whoever is in this context. */
  async untilStarted({ context, startsBefore }: PlacedApp): Promise<void> {
    while (this.#starts(context) <= startsBefore) await this.#somethingSaid();
  }

  /** As the OS of a device is told before anybody else gets the context: no reply to the app that is gone comes for the next. */
  async #hangUp(context: number): Promise<void> {
    const told = (): number => this.#lines.filter((line) => line === `gone ${context}`).length;
    const before = told();
    this.#os.secureCalls.send(Uint8Array.of(context + 128));
    while (told() <= before) await this.#somethingSaid();
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
