// Board names of the command line. A name that no board has is a wrong usage, with the nearest one said.

import { didYouMean } from '../../contracts/wire/near-name.ts';
import { boardNames } from '../../runtime/board/boards.ts';
import { CliError } from './outcome.ts';

/** Errors: `board-unknown`. */
export function checkedBoard(name: string): string {
  const boards = boardNames();
  if (boards.includes(name)) return name;
  throw new CliError('board-unknown', `there is no board "${name}"`, {
    fault: 'caller',
    hint: didYouMean(name, boards, `boards: ${boards.join(', ')}`),
  });
}
