// The server's own limits, so that nobody types what it will refuse.

/** In characters. */
export const LONGEST_MESSAGE = 10_000
export const HIGHEST_TEMPERATURE = 2
