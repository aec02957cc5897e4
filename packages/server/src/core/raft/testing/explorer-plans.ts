/** The explorations that are run: small clusters, each with the room to reach one kind of trouble. */
import type { ExplorerBounds } from "./explorer-inputs.js";

const SMALL: ExplorerBounds = {
  members: [1n, 2n, 3n],
  voters: [1n, 2n, 3n],
  preVote: false,
  checkQuorum: false,
  ticks: false,
  startElected: true,
  termMax: 2,
  entriesMax: 3,
  messagesMax: 2,
  messageBytesMax: 1,
  writesMax: 1,
  proposals: 1,
  confChanges: 0,
  changes: [],
  crashes: 0,
  duplicates: 0,
  compactions: 0,
  statesMax: 60_000,
};

const PAIR: Partial<ExplorerBounds> = { members: [1n, 2n], voters: [1n, 2n] };

const remove = (id: bigint) => ({ type: "remove", member: { id } }) as const;
const addVoter = (id: bigint) => ({ type: "add-voter", member: { id } }) as const;
const addLearner = (id: bigint) => ({ type: "add-learner", member: { id } }) as const;

/**
 * By name. The first is complete; the others are cut off at `statesMax`, and the campaign can be told to go on. "three
 * members, two leaders" is complete with 771 thousand states.
 */
export const EXPLORATIONS: Readonly<Record<string, ExplorerBounds>> = {
  "two members, a crash": {
    ...SMALL,
    ...PAIR,
    startElected: false,
    messagesMax: 3,
    writesMax: 2,
    crashes: 1,
    statesMax: 200_000,
  },
  "two members, a crash, a copy": {
    ...SMALL,
    ...PAIR,
    startElected: false,
    messagesMax: 2,
    writesMax: 2,
    crashes: 1,
    duplicates: 1,
  },
  "two members, pre-votes and leases": {
    ...SMALL,
    ...PAIR,
    startElected: false,
    preVote: true,
    checkQuorum: true,
    ticks: true,
    crashes: 1,
  },
  "three members, two leaders": SMALL,
  "three members, from nothing": { ...SMALL, startElected: false, crashes: 1 },
  "three members, three leaders": { ...SMALL, termMax: 3, entriesMax: 4 },
  "three members, a crash": { ...SMALL, writesMax: 2, crashes: 1 },
  "three members, a copy": { ...SMALL, messagesMax: 3, duplicates: 1 },
  "three members, a snapshot": { ...SMALL, compactions: 1, entriesMax: 4, proposals: 2 },
  "a member leaves": { ...SMALL, confChanges: 2, changes: [remove(1n), remove(3n)], entriesMax: 4 },
  "a member joins": {
    ...SMALL,
    voters: [1n, 2n],
    termMax: 3,
    entriesMax: 6,
    messageBytesMax: 1000,
    confChanges: 2,
    changes: [addVoter(3n), addLearner(3n)],
  },
  "two members change places": {
    ...SMALL,
    voters: [1n, 2n],
    termMax: 3,
    entriesMax: 6,
    messageBytesMax: 1000,
    confChanges: 1,
    changes: [{ type: "joint", transition: "auto", changes: [addVoter(3n), remove(1n)] }],
  },
};
