// How a place inside a JSON text is named to people and programs. Never lets a hostile key blow up or forge a message.

const SHORTHAND = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SHOWN_CHARACTERS = 80;

/** The root of every path: RFC 9535 (JSONPath), as in `$.Capabilities.Gpio[2]`. */
export const ROOT = '$';

/** The path of a member or an element: `$.Name`, `$.Gpio[0]`, `$["odd key"]`. A key of over 80 characters is cut. */
export function childPath(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  return SHORTHAND.test(key) ? `${parent}.${cut(key)}` : `${parent}[${shown(key)}]`;
}

/** Foreign text inside a message: quoted, escaped, at most 80 characters. */
export function shown(text: string): string {
  return JSON.stringify(cut(text));
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
