/** What a fuzzer is made of: a stage of nodes in processes of their own, inputs for it, and a verdict after every batch. */
import type { Chance } from "./chance.js";
import type { ProbedNode, ProbeFile } from "./probed-node.js";

/** One input. It holds all that it sends, so that it can be played again on another stage. */
export interface Input<S> {
  /** The input for a person: what it is, and its bytes. */
  show(): string;
  /** Resolves with what is wrong with the answer, if anything is. */
  play(stage: S): Promise<string | undefined>;
  /** Inputs that are smaller and may show the same; default none. */
  smaller?(): readonly Input<S>[];
}

export interface Stage extends AsyncDisposable {
  readonly nodes: readonly ProbedNode[];
  /** What has been harmed that nobody was allowed to harm. */
  harmed(): Promise<string | undefined>;
  /** Brings back what inputs were allowed to change; false: this cannot be done, take another stage. Default: nothing to do. */
  mend?(): Promise<boolean>;
}

export interface Target<S extends Stage = Stage> {
  readonly name: string;
  /** Inputs of one batch, and how many of them run at once. */
  readonly batch: { readonly inputs: number; readonly lanes: number };
  open(probe: ProbeFile): Promise<S>;
  make(chance: Chance, stage: S): Input<S>;
}

/**
 * Texts that only a mistake of ours puts into an answer: a stack, an error of JavaScript, a value that is none. They never
 * stand in what a client has sent, or that would be taken for ours.
 */
const OUR_MISTAKES =
  /\n {4}at |\.js:\d+|TypeError|RangeError|ReferenceError|SyntaxError|Cannot (?:read|mix|convert|destructure|set)|is not (?:a function|iterable|defined)|\[object |invariant|call stack|BigInt/;

/** A finding when the text looks like an error that was not meant for anybody. */
export function mistakeIn(text: string): string | undefined {
  const found = OUR_MISTAKES.exec(text);
  return found === null ? undefined : `an answer says ${JSON.stringify(text.slice(0, 400))}`;
}
