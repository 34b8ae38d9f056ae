// The two short texts that an image and an app folder both carry. Never compared to decide on an update: rollback indexes are.

const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const NUMBER = '(?:0|[1-9][0-9]{0,8})';
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?$`);
const VERSION_MAX_CHARACTERS = 64;
const LANGUAGE = /^[a-z][a-z0-9+#-]{0,31}$/;

/** Semantic Versioning 2.0.0 without its rule on leading zeros in a pre-release, at most 64 characters. */
export function isVersionText(text: string): boolean {
  return text.length <= VERSION_MAX_CHARACTERS && VERSION.test(text);
}

/** `c`, `c++`, `typescript`: which ones can be built is the toolchain's business. */
export function isLanguageName(text: string): boolean {
  return LANGUAGE.test(text);
}
