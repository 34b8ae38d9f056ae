// Calls on pins. Handles are the broker's numbers for this app, never 0.

import type { CallArea } from './call-area.ts';

export type GpioRequest =
  | { readonly function: 'gpio.open-input'; readonly pin: number }
  | { readonly function: 'gpio.open-output'; readonly pin: number; readonly mode: number; readonly level: number }
  | { readonly function: 'gpio.get'; readonly handle: number }
  | { readonly function: 'gpio.set'; readonly handle: number; readonly level: number };

export const GPIO_CALLS: CallArea<GpioRequest> = {
  functions: { 'gpio.open-input': 0x0101, 'gpio.open-output': 0x0102, 'gpio.get': 0x0103, 'gpio.set': 0x0104 },
  encode(request, writer) {
    switch (request.function) {
      case 'gpio.open-input':
        writer.u32(request.pin);
        return;
      case 'gpio.open-output':
        writer.u32(request.pin).u8(request.mode).u8(request.level);
        return;
      case 'gpio.get':
        writer.u32(request.handle);
        return;
      case 'gpio.set':
        writer.u32(request.handle).u8(request.level);
    }
  },
  decode(name, reader) {
    switch (name) {
      case 'gpio.open-input':
        return { function: name, pin: reader.u32() };
      case 'gpio.open-output':
        return { function: name, pin: reader.u32(), mode: reader.u8(), level: reader.u8() };
      case 'gpio.get':
        return { function: name, handle: reader.u32() };
      case 'gpio.set':
        return { function: name, handle: reader.u32(), level: reader.u8() };
    }
  },
};
