/**
 * etcdctl 3.4 as the administrator of users and roles: every command that it has for them, typed on Kvorum and on etcd in the
 * same order, the outputs compared.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { etcdctl, etcdctlMissing } from "../support/etcdctl.js";
import { startKvorum } from "../support/kvorum.js";

const missing = etcdctlMissing() ?? etcdMissing();
if (missing !== undefined) console.warn(`etcdctl and users: skipped, ${missing}`);

/** Whole command lines; `<` stands before what is typed in. */
const COMMANDS = `
user add root:r
user add alice:a
user add alice:a
user add cert --no-password
user add bob --interactive=false < b
user list
user list -w json
user get alice
user get nobody
role add reader
role add reader
role add writer
role grant-permission reader read a
role grant-permission reader read b/ --prefix
role grant-permission reader readwrite c d
role grant-permission reader read x --from-key
role grant-permission missing read a
role get reader
role get reader -w json
role get missing
role list
user grant-role alice reader
user grant-role alice missing
user grant-role bob writer
user get alice --detail
auth enable
user grant-role root root
role add root
user grant-role root root
auth enable
get a
put a 1 --user root:r
get a --user alice:a
put a 2 --user alice:a
put c1 2 --user alice:a
get b/ --prefix --user alice:a
get b --prefix --user alice:a
get x --from-key --user alice:a
get a --user alice:wrong
get a --user nobody:x
get a --user cert:x
get a --user alice --password a
user list --user alice:a
user get alice --user alice:a
role get reader --user alice:a
role get writer --user alice:a
user passwd alice --interactive=false --user root:r < new
get a --user alice:a
get a --user alice:new
role revoke-permission reader a --user root:r
role revoke-permission reader a --user root:r
get a --user alice:new
user revoke-role alice reader --user root:r
user revoke-role alice reader --user root:r
get b/1 --user alice:new
lease grant 600 --user alice:new
member list --user alice:new
endpoint status --user alice:new
defrag --user root:r
compaction 1 --user root:r
role delete reader --user root:r
role delete reader --user root:r
role delete root --user root:r
user delete root --user root:r
user delete alice --user root:r
user delete alice --user root:r
get a --user alice:new
auth disable --user root:r
auth disable
get a
`
  .trim()
  .split("\n");

/** Takes out what differs between any two servers. */
function plain(text: string): string {
  return text
    .replace(/127\.0\.0\.1:\d+/g, "{endpoint}")
    .replace(/"(cluster_id|member_id|raft_term)":\d+/g, '"$1":{id}')
    .replace(/lease [0-9a-f]{16}/g, "lease {id}")
    .replace(/^[0-9a-f]{15,16}, started, .*$/gm, "{member}")
    .replace(/"logger":"[^"]*"|"ts":"[^"]*"|"caller":"[^"]*"|"target":"[^"]*"/g, "")
    .replace(/^http:\/\/\{endpoint\}, [0-9a-f]{15,16}, .*$/gm, "{status}");
}

describe.skipIf(missing !== undefined)("etcdctl and users", () => {
  let etcd: TestServer;
  let kvorum: TestServer;
  beforeAll(async () => {
    [etcd, kvorum] = [await startEtcd(), await startKvorum()];
  });
  afterAll(async () => {
    await etcd?.stop();
    await kvorum?.stop();
  });

  for (const [number, command] of COMMANDS.entries()) {
    it(`${number + 1}: ${command}`, async () => {
      const [line = "", input = ""] = command.split(" < ");
      const outputs = [etcd, kvorum].map(async ({ endpoint }) => {
        const { code, stdout, stderr } = await etcdctl(endpoint, line.split(" "), input);
        return `${plain(stdout)}${plain(stderr)}exit ${code}`;
      });
      const [theirs, ours] = await Promise.all(outputs);
      expect(ours).toBe(theirs);
    });
  }
});
