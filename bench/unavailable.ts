/** Thrown by a row that cannot be measured on this machine. Its message says what is missing, and how to get it. */
export class Unavailable extends Error {}
