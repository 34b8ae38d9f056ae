// Ports as people type them. Never hands on what is no port: whoever is given it would answer for another command line.

import { CliError } from './outcome.ts';

const PORT_MAX = 65_535;
/** The device API and the page listen on the two ports after the management API's. */
const AFTER_MANAGEMENT = 2;

/** A port that somebody listens on. Errors: `usage`. */
export function portOf(text: string): number {
  return numberIn(text, 1, PORT_MAX);
}

/** The first port of a service; 0: any that are free. As text, as the service takes it. Errors: `usage`. */
export function servicePort(text: string): string {
  return String(numberIn(text, 0, PORT_MAX - AFTER_MANAGEMENT));
}

function numberIn(text: string, least: number, most: number): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= least && port <= most) return port;
  throw new CliError('usage', `"${text}" is no port: ${least} to ${most}`, { fault: 'caller' });
}
