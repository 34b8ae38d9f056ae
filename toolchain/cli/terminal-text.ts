// Words of apps and devices as they may be shown on a terminal. Never a character that a terminal obeys, or that lets a line
// read as another one: https://trojansource.codes shows what bidirectional overrides alone can do.

/** Controls of both halves (C0, C1, DEL), Unicode's own line ends, and everything that turns the direction of writing. */
const STEERS_A_TERMINAL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** One line: what would steer the terminal, a line feed too, stands there as `\u001b`. */
export function terminalLine(text: string): string {
  return text.replaceAll(STEERS_A_TERMINAL, escaped);
}

/** Text of several lines, made by us around lines that are already safe: as `terminalLine`, but for line feeds and tabs. */
export function terminalText(text: string): string {
  return text.replaceAll(STEERS_A_TERMINAL, (found) => (found === '\n' || found === '\t' ? found : escaped(found)));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
