/** What the scripts of the shells and the program say to each other. */

/** The first word that a shell's script puts before the words which were typed. */
export const COMPLETE = "__complete";

export interface Candidate {
  /** The whole word, or `FILES`. */
  readonly word: string;
  readonly help: string;
}

/** Stands alone: the shell offers names of files, which it knows best. */
export const FILES: Candidate = { word: ":files", help: "" };
