/**
 * Downgrades as an operator asks for them: checked, announced to every member, or called off. Announcing one is all that is
 * done: there is no member of an older API level that could join, so it stands until it is called off.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type DowngradeRequest, DowngradeRequest_DowngradeAction, type DowngradeResponseSchema } from "@kvorum/proto";
import type { Identity } from "../core/auth/types.js";
import { ServerError } from "../core/errors.js";
import type { Trace } from "../node/api.js";
import { headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";

type Answer = MessageInitShape<typeof DowngradeResponseSchema>;

const { VALIDATE, ENABLE, CANCEL } = DowngradeRequest_DowngradeAction;

/** etcd reads semantic versions, here and with the patch level left out. */
const VERSION = /^(\d+)\.(\d+)(?:\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?$/;

interface Minor {
  readonly major: number;
  readonly minor: number;
}

/**
 * Errors: `wrongDowngradeVersionFormat`, `invalidDowngradeTargetVersion` unless the target is the minor version before the
 * cluster's, `downgradeInProcess`, `unknownMethod`.
 */
export async function downgrade(
  { node, apiVersion }: RpcParts,
  { action, version }: DowngradeRequest,
  identity: Identity | undefined,
  trace: Trace,
): Promise<Answer> {
  if (action !== VALIDATE && action !== ENABLE && action !== CANCEL) throw new ServerError("unknownMethod");
  const cluster = parsed(node.clusterVersion ?? apiVersion);
  if (cluster === undefined) throw new ServerError("clusterVersionUnavailable");
  if (action === CANCEL) {
    await node.propose({ kind: "downgrade", target: undefined }, identity, trace);
  } else {
    // What other members were told counts.
    await node.linearizableBarrier();
    const target = parsed(version);
    if (target === undefined) throw new ServerError("wrongDowngradeVersionFormat");
    if (target.major !== cluster.major || target.minor !== cluster.minor - 1) {
      throw new ServerError("invalidDowngradeTargetVersion");
    }
    if (node.downgradeTarget !== undefined) throw new ServerError("downgradeInProcess");
    if (action === ENABLE) await node.propose({ kind: "downgrade", target: `${textOf(target)}.0` }, identity, trace);
  }
  return { header: headerOf(node), version: textOf(cluster) };
}

function parsed(version: string): Minor | undefined {
  const match = VERSION.exec(version);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

function textOf({ major, minor }: Minor): string {
  return `${major}.${minor}`;
}
