// The boards that a device can be, by name. A name that is not here is no board.

import type { BoardDescription } from './board-description.ts';
import { MT3620_RDB } from './mt3620_rdb.ts';

const BOARDS: readonly BoardDescription[] = [MT3620_RDB];
export const DEFAULT_BOARD = MT3620_RDB;

export function boardNames(): readonly string[] {
  return BOARDS.map(({ name }) => name);
}

export function boardOf(name: string): BoardDescription | undefined {
  return BOARDS.find((board) => board.name === name);
}
