/** All groups, in the order in which they are played. */
import type { Group, Subject } from "../plan.js";
import { clientsGroup } from "./clients.js";
import { embeddedGroup } from "./embedded.js";
import { fullLoadGroup } from "./full-load.js";
import { growthGroup } from "./growth.js";
import { memoryGroup } from "./memory.js";
import { streamsGroup } from "./streams.js";
import { threeNodesGroup } from "./three-nodes.js";
import { unaryGroup } from "./unary.js";

/** A group whose subjects nobody outside needs to know more about. */
export type AnyGroup = Pick<Group<Subject>, "name" | "title" | "names"> & {
  play<R>(player: <S extends Subject>(group: Group<S>) => Promise<R>): Promise<R>;
};

const any = <S extends Subject>(group: Group<S>): AnyGroup => ({ ...group, play: (player) => player(group) });

export const GROUPS: readonly AnyGroup[] = [
  any(unaryGroup),
  any(streamsGroup),
  any(threeNodesGroup),
  any(fullLoadGroup),
  any(memoryGroup),
  any(growthGroup),
  any(clientsGroup),
  any(embeddedGroup),
];
