// Writes the C header of a resolved hardware definition. Never lets text of a definition out of its comment.

import type { Hardware } from './hardware-resolution.ts';

/**
 * `#define NAME (value)` for every name of the definition and its imports, include-guarded. `name` is the header's own, without `.h`.
 * Two such headers of one board can be included together: C allows a macro to be defined again with the same value (C17 6.10.3).
 */
export function hardwareHeader(hardware: Hardware, name: string): string {
  const guard = `CASEMATE_HARDWARE_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_H`;
  const lines = hardware.headerTop.map(comment);
  lines.push(
    comment(`Made from ${nameOf(hardware.file)}; changes are overwritten.`),
    `#ifndef ${guard}`,
    `#define ${guard}`,
  );
  let file: string | undefined;
  for (const peripheral of hardware.peripherals.values()) {
    if (peripheral.declaredIn !== file) lines.push('', comment(nameOf(peripheral.declaredIn)));
    file = peripheral.declaredIn;
    if (peripheral.comment !== '') lines.push(comment(peripheral.comment));
    lines.push(`#define ${peripheral.name} (${peripheral.headerValue})`);
  }
  return [...lines, '', `#endif // ${guard}`, ''].join('\n');
}

/** Without its folder: the same board gives the same header on every machine. */
function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

/** One line that stays one: a line end would start code, and so would a backslash (or its trigraph) joining the next line. */
function comment(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is replaced here
  const line = text.replaceAll(/[\u0000-\u001f\u007f\u0085\u2028\u2029]/g, ' ').replaceAll('??/', '?');
  return `// ${line.replace(/^\/\/ ?/, '')}`.replace(/[\\\s]+$/, '');
}
