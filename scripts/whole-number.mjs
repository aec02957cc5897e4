/** Numbers on the command lines of our programs. */

/**
 * The number that a flag was given. What is none ends the program with one line and code 2.
 *
 * @param {string} flag
 * @param {string} text
 */
export function wholeNumber(flag, text) {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  wrongUse(`--${flag}: "${text}" is not allowed, give a whole number`);
}

/**
 * @param {string} line
 * @returns {never}
 */
export function wrongUse(line) {
  console.error(line);
  process.exit(2);
}
