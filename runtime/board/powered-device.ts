// A device with its power on: chip, cables and world put together, and the boot run. Everything it starts ends with it.

import type { BootConsole } from '../adapters/boot-console.ts';
import { enterStage } from '../adapters/enter-stage.ts';
import { ProcessLauncher } from '../adapters/process-launcher.ts';
import { hostWalls } from '../adapters/walls/host-walls.ts';
import type { ServiceCable } from '../adapters/service-socket.ts';
import type { WorldWires } from '../adapters/world-process.ts';
import type { Machine, ResetCause } from '../hil/chip.ts';
import type { Clock, SteppedClock } from '../hil/clock.ts';
import type { Launcher, OsProcess } from '../hil/launch.ts';
import type { RomFacts } from '../monitor/rom/rom.ts';
import { startRom } from '../monitor/rom/rom.ts';
import { connectBusPort } from '../soc/bus-port.ts';
import type { PackagedChip } from '../soc/chip.ts';
import { resetChip } from '../soc/chip.ts';
import type { BoardDescription } from './board-description.ts';
import type { DeviceFolder } from './device-folder.ts';
import { PinHarness } from './pin-harness.ts';
import { joinEnds } from './relay.ts';
import { romFacts } from './rom-facts.ts';

/** Resets that nobody asked for, within this time of each other, before the device gives up. */
const RESET_LOOP = { resets: 3, withinNs: 60_000_000_000n } as const;

export interface PoweredDeviceParts {
  readonly folder: DeviceFolder;
  readonly board: BoardDescription;
  readonly clock: Clock;
  /** The same clock, when the device's time is virtual. */
  readonly steppedClock?: SteppedClock;
  readonly console: BootConsole;
  readonly cable: ServiceCable;
  readonly world: WorldWires;
  /** The device refused to boot, or crashed over and over: it is off. */
  readonly onStopped: () => void;
}

export class PoweredDevice {
  readonly #parts: PoweredDeviceParts;
  readonly #harness: PinHarness;
  readonly #romFacts: RomFacts;
  #launcher: ProcessLauncher | undefined;
  /** Counts the boots, so that what an earlier one left running can no longer reset this one. */
  #boots = 0;
  #lastCrashes: readonly bigint[] = [];

  constructor(parts: PoweredDeviceParts) {
    this.#parts = parts;
    this.#harness = new PinHarness(parts.world, parts.clock);
    this.#romFacts = romFacts();
  }

  /** Runs the boot to its end: ready, or stopped. */
  async boot(): Promise<void> {
    const { folder, board, clock, steppedClock, cable, world, console } = this.#parts;
    this.#boots += 1;
    const boot = this.#boots;
    const packaged = resetChip({ ...folder, clock, ...(steppedClock && { steppedClock }) });
    this.#harness.plugInto(packaged.pins);
    cable.plugInto(packaged.serial);
    this.#launcher = new ProcessLauncher(hostWalls(), board.requiredWalls);
    const machine: Machine = {
      chip: packaged.chip,
      enterStage,
      launcher: wired(this.#launcher, world, packaged, (code) => machine.reset({ why: 'bus-framing', detail: code })),
      straps: {
        board: board.name,
        appMemoryLimitBytes: board.appMemoryLimitBytes,
        ...(board.groups && { groups: board.groups }),
      },
      reset: (cause) => {
        if (boot === this.#boots) this.#reset(cause);
      },
      trace: (step) => {
        if (boot === this.#boots) console.step(step);
      },
    };
    const outcome = await startRom(machine, this.#romFacts);
    if (boot !== this.#boots) return;
    if (!outcome.ok) {
      this.#parts.onStopped();
      return;
    }
    // Whoever is told that the device is ready goes to the bench next.
    await world.ready;
    if (boot === this.#boots) console.ready();
  }

  /** Power off: everything ends now, whatever it was doing. What still runs of this boot's own code can do nothing more. */
  close(): void {
    this.#boots += 1;
    this.#launcher?.close();
    this.#launcher = undefined;
  }

  #reset(cause: ResetCause): void {
    const { console, clock, onStopped } = this.#parts;
    console.reset(cause);
    this.close();
    if (cause.why !== 'requested' && this.#isLooping(clock.nowNs())) {
      console.step({ ok: false, stage: 'os', code: 'reset-loop', detail: `${RESET_LOOP.resets} crashes in a minute` });
      onStopped();
      return;
    }
    void this.boot();
  }

  #isLooping(nowNs: bigint): boolean {
    this.#lastCrashes = [...this.#lastCrashes.filter((atNs) => nowNs - atNs < RESET_LOOP.withinNs), nowNs];
    return this.#lastCrashes.length >= RESET_LOOP.resets;
  }
}

/** The OS process is soldered to the bus as the A7's normal world, and to the radio: neither it nor the monitor chooses that. */
function wired(
  launcher: Launcher,
  world: WorldWires,
  { chip }: PackagedChip,
  onFault: (code: string) => void,
): Launcher {
  return {
    startOs(program) {
      const os = launcher.startOs(program);
      connectBusPort(chip.bus, 'a7Normal', os.bus, onFault);
      void plugInRadio(os.radio, world);
      return os;
    },
    startCompartment: (program, context, image, limits) => launcher.startCompartment(program, context, image, limits),
    startGroup: (program, plan, limits) => launcher.startGroup(program, plan, limits),
  };
}

/** Each boot has a link of its own, so that none of its connections outlives it. Without an access point the radio is off. */
async function plugInRadio(radio: OsProcess['radio'], world: WorldWires): Promise<void> {
  const accessPoint = await world.plugInRadio();
  if (accessPoint === undefined) radio.close();
  else joinEnds(radio, accessPoint);
}
