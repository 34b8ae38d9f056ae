// What one bench says to the world: lines in, commands done or refused. Never lets a line through that is no command.

import type { WorldEvent } from '../../contracts/wire/world-link.ts';
import { BenchLines } from './bench-lines.ts';
import type { World } from './world.ts';
import { readWorldCommand } from './world-command.ts';

/** One client of the world's control link. */
export class Bench {
  readonly #world: World;
  readonly #lines = new BenchLines();
  readonly #answer: (event: WorldEvent) => void;

  /** `answer` goes to this bench alone; what happens on the pins goes to every bench (`WorldOutputs.tell`). */
  constructor(world: World, answer: (event: WorldEvent) => void) {
    this.#world = world;
    this.#answer = answer;
  }

  receive(chunk: Uint8Array): void {
    for (const line of this.#lines.push(chunk)) {
      if (line === undefined) this.#answer(this.#world.refuse('command-malformed', 'a line beyond all bounds'));
      else this.#obey(line);
    }
  }

  #obey(line: string): void {
    const read = readWorldCommand(line);
    if (!read.ok) return this.#answer(this.#world.refuse('command-malformed', read.message));
    const { command } = read;
    if (command.do === 'press' && !this.#world.hasButton(command.pin)) {
      return this.#answer(this.#world.refuse('no-such-part', `no button on pin ${command.pin}`));
    }
    const refusal = this.#world.objection(command);
    if (refusal !== undefined) return this.#answer(this.#world.refuse(refusal, `it cannot ${command.do} now`));
    this.#world.command(command);
  }
}
