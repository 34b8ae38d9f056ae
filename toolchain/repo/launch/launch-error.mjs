// Why a start was refused, as a code that scripts and tests may rely on; the message is for people and must never be matched.

/** @typedef {'unknown-repo-tool' | 'install-failed' | 'install-lock-stuck' | 'npm-missing' | 'engine-missing' | 'engine-cannot-start'} LaunchErrorCode */

export class LaunchError extends Error {
  /**
   * @param {LaunchErrorCode} code
   * @param {string} message what happened
   * @param {string} [hint] what the person can do about it
   */
  constructor(code, message, hint = '') {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
