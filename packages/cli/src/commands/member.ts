/** `member`: who belongs to the cluster, and changing it. Ids are hexadecimal, as they are shown. */
import {
  type Member,
  MemberAddResponseSchema,
  MemberListResponseSchema,
  MemberPromoteResponseSchema,
  MemberRemoveResponseSchema,
  MemberUpdateResponseSchema,
  type ResponseHeader,
} from "@kvorum/proto";
import { type Command, type Context, defineCommand } from "../command.js";
import { badArguments, CommandFailure, EXIT } from "../failure.js";
import { list, onOff } from "../flags.js";
import { NumberTextError, parseUint64 } from "../numbers.js";
import { fieldLine, headerFields } from "../output/fields.js";
import { hexColumn, hexId } from "../output/go-text.js";
import { messageReport } from "../output/report.js";

const PEER_URLS = "peer-urls";

export const memberList: Command = defineCommand({
  usage: "[options]",
  description: "In the simple format a line is: ID, Status, Name, Peer Addrs, Client Addrs, Is Learner.",
  flags: {},
  run: async (context) => {
    const client = await context.client();
    const answer = await client.rpc.cluster.memberList({ linearizable: true }, context.call());
    context.print(
      messageReport(MemberListResponseSchema, answer, {
        simple: (out) => {
          for (const member of answer.members) out.line(cells(member).join(", "));
        },
        fields: (out) => {
          headerFields(out, answer.header);
          for (const { ID, name, peerURLs, clientURLs, isLearner } of answer.members) {
            fieldLine(out, "ID", ID);
            fieldLine(out, "Name", name);
            for (const url of peerURLs) fieldLine(out, "PeerURL", url);
            for (const url of clientURLs) fieldLine(out, "ClientURL", url);
            fieldLine(out, "IsLearner", isLearner);
            out.line();
          }
        },
        table: () => ({
          header: ["ID", "Status", "Name", "Peer Addrs", "Client Addrs", "Is Learner"],
          rows: answer.members.map(cells),
        }),
      }),
    );
    return undefined;
  },
});

export const memberAdd: Command = defineCommand({
  usage: "[options] <memberName>",
  description: "Prints what the new member has to be started with.",
  flags: {
    [PEER_URLS]: list("comma separated peer URLs for the new member", [""]),
    learner: onOff("indicates if the new member is raft learner"),
  },
  run: async (context, args, flags) => {
    const [name, ...more] = args;
    if (name === undefined) throw badArguments("member name not provided");
    if (more.length > 0) throw badArguments("too many arguments");
    const peerURLs = givenUrls(flags[PEER_URLS]);
    const { cluster } = (await context.client()).rpc;
    const answer = await cluster.memberAdd({ peerURLs, isLearner: flags.learner }, context.call());
    const added = answer.member;
    const kind = added?.isLearner ? " as learner " : " ";
    context.print(
      messageReport(MemberAddResponseSchema, answer, {
        simple: (out) => {
          out.line(`Member ${hexColumn(added?.ID ?? 0n)} added${kind}to cluster ${clusterOf(answer.header)}`);
        },
      }),
    );
    if (context.settings["write-out"] === "simple") printStart(context, name, added, answer.members);
    return undefined;
  },
});

export const memberRemove: Command = defineCommand({
  usage: "<memberID>",
  flags: {},
  run: async (context, args) => {
    const id = memberId(args);
    const answer = await (await context.client()).rpc.cluster.memberRemove({ ID: id }, context.call());
    context.print(
      messageReport(MemberRemoveResponseSchema, answer, {
        simple: (out) => out.line(`Member ${hexColumn(id)} removed from cluster ${clusterOf(answer.header)}`),
      }),
    );
    return undefined;
  },
});

export const memberUpdate: Command = defineCommand({
  usage: "[options] <memberID>",
  flags: { [PEER_URLS]: list("comma separated peer URLs for the updated member", [""]) },
  run: async (context, args, flags) => {
    const id = memberId(args);
    const peerURLs = givenUrls(flags[PEER_URLS]);
    const answer = await (await context.client()).rpc.cluster.memberUpdate({ ID: id, peerURLs }, context.call());
    context.print(
      messageReport(MemberUpdateResponseSchema, answer, {
        simple: (out) => out.line(`Member ${hexColumn(id)} updated in cluster ${clusterOf(answer.header)}`),
      }),
    );
    return undefined;
  },
});

export const memberPromote: Command = defineCommand({
  usage: "<memberID>",
  description: "Makes a voting member of a learner that has caught up.",
  flags: {},
  run: async (context, args) => {
    const id = memberId(args);
    const answer = await (await context.client()).rpc.cluster.memberPromote({ ID: id }, context.call());
    context.print(
      messageReport(MemberPromoteResponseSchema, answer, {
        simple: (out) => out.line(`Member ${hexColumn(id)} promoted in cluster ${clusterOf(answer.header)}`),
      }),
    );
    return undefined;
  },
});

function cells({ ID, name, peerURLs, clientURLs, isLearner }: Member): string[] {
  const status = name === "" ? "unstarted" : "started";
  return [hexId(ID), status, name, peerURLs.join(","), clientURLs.join(","), String(isLearner)];
}

/** The environment of the new member. It has no name yet, so the list calls it by the one that it will have. */
function printStart({ terminal }: Context, name: string, added: Member | undefined, members: readonly Member[]): void {
  const cluster = members.flatMap((member) =>
    member.peerURLs.map((url) => `${member.ID === added?.ID ? name : member.name}=${url}`),
  );
  terminal.out(
    [
      "",
      `ETCD_NAME="${name}"`,
      `ETCD_INITIAL_CLUSTER="${cluster.join(",")}"`,
      `ETCD_INITIAL_ADVERTISE_PEER_URLS="${(added?.peerURLs ?? []).join(",")}"`,
      'ETCD_INITIAL_CLUSTER_STATE="existing"',
      "",
    ].join("\n"),
  );
}

function clusterOf(header: ResponseHeader | undefined): string {
  return hexColumn(header?.clusterId ?? 0n);
}

function memberId(args: readonly string[]): bigint {
  const [id] = args;
  if (id === undefined || args.length !== 1) throw badArguments("member ID is not provided");
  try {
    return parseUint64(id, 16);
  } catch (error) {
    if (!(error instanceof NumberTextError)) throw error;
    throw badArguments(`bad member ID arg (${error.message}), expecting ID in Hex`);
  }
}

function givenUrls(urls: readonly string[]): string[] {
  if (urls.join("") === "") throw badArguments("member peer urls not provided");
  return urls.map((text) => checkedUrl(text.trim()));
}

/** What etcd's client refuses before it asks, in its words. */
function checkedUrl(text: string): string {
  const [, scheme = "", address = "", path = ""] = /^([a-z]+):\/\/([^/]*)(.*)$/.exec(text) ?? [];
  const wrong = (what: string): CommandFailure => new CommandFailure(EXIT.error, `${what}: ${text}`);
  if (!["http", "https", "unix", "unixs"].includes(scheme))
    throw wrong("URL scheme must be http, https, unix, or unixs");
  if (scheme.startsWith("unix")) return text;
  if (!/:\d+$/.test(address)) throw wrong('URL address does not have the form "host:port"');
  if (path !== "") throw wrong("URL must not contain a path");
  return text;
}
