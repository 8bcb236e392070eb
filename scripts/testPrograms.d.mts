/** Types of testPrograms.mjs for the tests that use it. */
export function findChromium(): string | undefined;
