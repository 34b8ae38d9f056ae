// One event of a device as a line for people. Never loses the reason of a denial, never lets an app's words steer the terminal.

import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import type { PinEvent, PressEvent } from './bench.ts';
import { terminalLine } from './terminal-text.ts';

export function eventText(event: DeviceEvent | PinEvent | PressEvent): string {
  return `${(event.t / 1000).toFixed(3).padStart(9)}  ${terminalLine(eventBody(event))}`;
}

function eventBody(event: DeviceEvent | PinEvent | PressEvent): string {
  switch (event.kind) {
    case 'log':
      // C programs end a message with a line feed.
      return `[${event.app}] ${event.message.replace(/\n$/, '')}`;
    case 'pin':
      return `pin ${event.pin}${event.name === null ? '' : ` ${event.name}`} ${event.level === null ? 'released' : event.level === 1 ? 'high' : 'low'}`;
    case 'press':
      return `press ${event.name ?? `pin ${event.pin}`}`;
    case 'denied':
      return `DENIED by the ${event.layer}: ${event.app} called ${event.interface} ${event.function} for ${event.resource} → ${event.error}`;
    case 'violation':
      return `VIOLATION: ${event.master} context ${event.context} tried to ${event.access} ${event.region} at 0x${event.address.toString(16)}`;
    case 'started':
      return `${event.app} started in context ${event.context}`;
    case 'exit':
      return `${event.app} ended: ${event.reason}${event.code === null ? '' : ` with code ${event.code}`}${event.detail === undefined ? '' : `: ${event.detail}`}`;
    case 'listening':
      return `${event.app} listens on ${event.protocol} port ${event.port}: 127.0.0.1:${event.hostPort} on this host`;
    case 'trap':
      return `${event.app} trapped: ${event.detail}`;
    case 'limit':
      return `${event.app} is at its limit of ${event.limit}: ${event.used} of ${event.allowed}`;
    case 'update':
      return `update of ${event.app === '' ? event.componentId : event.app} to image ${event.imageId}: ${event.outcome}`;
    case 'service':
      return `service: ${event.state}${event.code === '' ? '' : ` (${event.code})`}`;
    case 'failure':
      return `${event.app} was given up after ${event.restarts} restarts: ${event.lastEnd.detail}`;
  }
}
