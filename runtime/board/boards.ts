// The boards that a device can be, by name. A name that is not here is no board.

import type { GroupPlacement } from '../../contracts/core/group-frame.ts';
import type { BoardDescription } from './board-description.ts';
import { MT3620_RDB } from './mt3620_rdb.ts';

const BOARDS: readonly BoardDescription[] = [MT3620_RDB];
export const DEFAULT_BOARD = MT3620_RDB;

/** Apps of one signer at the most in one process; the other contexts stay for apps that have one of their own. */
const GROUP_CONTEXTS = 4;

/** The board as somebody who accepts it would build it: apps of one signer share a process, and with it their grants. */
export function withGroups(board: BoardDescription, placement: GroupPlacement): BoardDescription {
  return { ...board, groups: { placement, contexts: GROUP_CONTEXTS, acceptsUnionOfGrants: true } };
}

export function boardNames(): readonly string[] {
  return BOARDS.map(({ name }) => name);
}

export function boardOf(name: string): BoardDescription | undefined {
  return BOARDS.find((board) => board.name === name);
}
