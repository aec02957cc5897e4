/**
 * etcdctl commands that end by themselves, as a user would type them: each story starts on keys of its own, and its
 * output is compared between etcd and Kvorum after ids, sizes and times are taken out.
 */
export interface Story {
  readonly name: string;
  /** Commands in order. `{p}` is the story's key prefix, `{rev+N}` the Nth revision after its start. */
  readonly commands: readonly (readonly string[])[];
  /** Standard input of the command at the same position. */
  readonly inputs?: Readonly<Record<number, string>>;
}

const tree: (readonly string[])[] = ["c", "a", "b", "d"].map((key, i) => ["put", `{p}${key}`, String(9 - i)]);

export const stories: readonly Story[] = [
  {
    name: "put and get",
    commands: [
      ["put", "{p}a", "hello"],
      ["get", "{p}a"],
      ["get", "{p}missing"],
      ["get", "{p}a", "--print-value-only"],
    ],
  },
  {
    name: "put from standard input",
    commands: [
      ["put", "{p}a"],
      ["get", "{p}a"],
    ],
    inputs: { 0: "from stdin" },
  },
  {
    name: "put with the previous value",
    commands: [
      ["put", "{p}a", "1"],
      ["put", "{p}a", "2", "--prev-kv"],
    ],
  },
  {
    name: "put with ignore-value",
    commands: [
      ["put", "{p}a", "1"],
      ["put", "{p}a", "--ignore-value"],
      ["get", "{p}a", "-w", "fields"],
    ],
  },
  { name: "put with an unknown lease", commands: [["put", "{p}a", "1", "--lease=123456"]] },
  {
    name: "get by prefix, range and from-key",
    commands: [
      ...tree,
      ["get", "{p}", "--prefix"],
      ["get", "{p}a", "{p}c"],
      ["get", "{p}c", "--from-key", "--limit=1"],
    ],
  },
  {
    name: "get sorted and limited",
    commands: [
      ...tree,
      ["get", "{p}", "--prefix", "--sort-by=value", "--order=DESCEND"],
      ["get", "{p}", "--prefix", "--sort-by=create", "--limit=2"],
      ["get", "{p}", "--prefix", "--sort-by=modify", "--order=ASCEND"],
    ],
  },
  {
    name: "get counts and keys only",
    commands: [
      ...tree,
      ["get", "{p}", "--prefix", "--count-only", "-w", "fields"],
      ["get", "{p}", "--prefix", "--keys-only"],
    ],
  },
  {
    name: "get at a revision",
    commands: [
      ["put", "{p}a", "1"],
      ["put", "{p}a", "2"],
      ["del", "{p}a"],
      ["get", "{p}a", "--rev={rev+1}"],
      ["get", "{p}a", "--rev={rev+2}"],
      ["get", "{p}a", "--rev={rev+3}"],
      ["get", "{p}a", "--rev={rev+99}"],
    ],
  },
  {
    name: "get as json",
    commands: [
      ["put", "{p}a", "1"],
      ["get", "{p}a", "-w", "json"],
    ],
  },
  {
    name: "get serializable",
    commands: [
      ["put", "{p}a", "1"],
      ["get", "{p}a", "--consistency=s"],
    ],
  },
  {
    name: "del",
    commands: [
      ...tree,
      ["del", "{p}a"],
      ["del", "{p}a"],
      ["del", "{p}b", "--prev-kv"],
      ["del", "{p}", "--prefix"],
      ["get", "{p}", "--prefix"],
    ],
  },
  {
    name: "del of a range and from a key",
    commands: [...tree, ["del", "{p}a", "{p}c"], ["get", "{p}", "--prefix", "--keys-only"]],
  },
  {
    name: "txn that succeeds",
    commands: [["put", "{p}a", "1"], ["txn"], ["get", "{p}", "--prefix"]],
    inputs: { 1: 'value("{p}a") = "1"\n\nput {p}a 2\nget {p}a\n\nput {p}b no\n\n' },
  },
  {
    name: "txn that fails",
    commands: [["put", "{p}a", "1"], ["txn"], ["get", "{p}", "--prefix"]],
    inputs: { 1: 'version("{p}a") > "5"\ncreate("{p}a") > "0"\n\nput {p}a 2\n\nput {p}b else\ndel {p}a\n\n' },
  },
  {
    name: "compaction",
    commands: [
      ["put", "{p}a", "1"],
      ["put", "{p}a", "2"],
      ["compaction", "{rev+2}"],
      ["get", "{p}a", "--rev={rev+1}"],
      ["compaction", "{rev+2}"],
      ["compaction", "{rev+2}", "--physical"],
      ["compaction", "{rev+900}"],
    ],
  },
  { name: "defrag", commands: [["put", "{p}a", "1"], ["defrag"], ["get", "{p}a"]] },
  { name: "endpoint health", commands: [["endpoint", "health"]] },
  { name: "alarm list", commands: [["alarm", "list"]] },
  {
    name: "a watch that begins in history and is cut by compaction",
    commands: [
      ["put", "{p}a", "1"],
      ["put", "{p}a", "2"],
      ["compaction", "{rev+2}", "--physical"],
      ["watch", "{p}a", "--rev={rev+1}"],
    ],
  },
];
