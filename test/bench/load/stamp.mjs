const micros = () => Number(process.hrtime.bigint() / 1000n);

/**
 * A code that says when it was made: microseconds of the clock that all processes of a machine share, in ten letters and digits. As a
 * verification's own code it travels in the words of the message, and tells the vendor when the request left.
 */
export const stamp = () => micros().toString(36).padStart(10, '0');

/** Milliseconds since; NaN for a code that is no stamp. @param {string} code */
export const since = (code) => (/^0[0-9a-z]{9}$/.test(code) ? (micros() - Number.parseInt(code, 36)) / 1000 : Number.NaN);
