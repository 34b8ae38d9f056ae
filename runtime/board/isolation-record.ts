// What the secure world notes in the device's folder while it is on: which walls of the host stand around its processes. Nothing
// that the device itself reads or decides by.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { WallReport } from '../hil/walls.ts';

/** Walls are few, and what is said about each is short. */
const MAX_BYTES = 32 * 1024;
const MAX_WALLS = 64;

export type IsolationRecordErrorCode = 'isolation-record-malformed';
export class IsolationRecordError extends CodedError<IsolationRecordErrorCode> {}

/** A wall of a device of any release: names are not held against a list. */
export interface RecordedWall extends Omit<WallReport, 'name'> {
  readonly name: string;
}

export function encodeIsolationRecord(walls: readonly WallReport[]): string {
  return `${JSON.stringify({ walls }, undefined, 2)}\n`;
}

/** Errors: `isolation-record-malformed`. */
export function decodeIsolationRecord(text: string): readonly RecordedWall[] {
  if (text.length > MAX_BYTES) throw malformed();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed(cause);
  }
  const walls = isRecord(value) ? value['walls'] : undefined;
  if (!Array.isArray(walls) || walls.length > MAX_WALLS) throw malformed();
  return walls.map(readWall);
}

function readWall(value: unknown): RecordedWall {
  if (!isRecord(value)) throw malformed();
  const { name, stands, stops, reason, remedy, except } = value;
  if (typeof name !== 'string' || typeof stands !== 'boolean' || typeof stops !== 'string') throw malformed();
  if (typeof reason !== 'string' || typeof remedy !== 'string') throw malformed();
  if (except !== undefined && typeof except !== 'string') throw malformed();
  return { name, stands, stops, reason, remedy, ...(except !== undefined && { except }) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function malformed(cause?: unknown): IsolationRecordError {
  return new IsolationRecordError('isolation-record-malformed', 'no record of walls', {
    fault: 'world',
    hint: 'Power the device off and on: it writes a new one.',
    cause,
  });
}
