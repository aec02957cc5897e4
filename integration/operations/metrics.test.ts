/** The metrics of real members after real traffic: what etcd's dashboard and alerts read is there and moves. */
import { KV, Lease, Maintenance, Watch } from "@kvorum/proto";
import { startCluster } from "@kvorum/server";
import { niceChannel } from "@kvorum/transport";
import { expect, it } from "vitest";

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Lines by name and labels. */
type Samples = ReadonlyMap<string, number>;

async function scrape(endpoint: string): Promise<Samples> {
  const text = await (await fetch(`${endpoint}/metrics`)).text();
  return new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const space = line.lastIndexOf(" ");
        return [line.slice(0, space), Number(line.slice(space + 1))] as const;
      }),
  );
}

/** The sum over all label sets of a name. */
function total(samples: Samples, name: string): number {
  let sum = 0;
  for (const [key, value] of samples) if (key === name || key.startsWith(`${name}{`)) sum += value;
  return sum;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("what was waited for never came");
}

async function* creating() {
  yield { requestUnion: { case: "createRequest" as const, value: { key: bytes("k") } } };
  await new Promise<never>(() => {});
}

it("three members tell of their peers, their disks and their clients", async () => {
  await using cluster = await startCluster({ size: 3 });
  const leader = cluster.leader ?? [...cluster.nodes.values()][0];
  const endpoint = leader?.endpoints[0] ?? "";
  const channel = niceChannel(endpoint);
  const abort = new AbortController();
  const watch = channel.stream(Watch.method.watch, creating(), { signal: abort.signal })[Symbol.asyncIterator]();
  await watch.next();
  await channel.unary(Lease.method.leaseGrant, { ID: 7n, TTL: 60n });
  for (let i = 0; i < 20; i++) await channel.unary(KV.method.put, { key: bytes("k"), value: bytes(`value ${i}`) });
  await channel.unary(KV.method.range, { key: bytes("k") });
  await watch.next();
  const { header } = await channel
    .unary(Maintenance.method.defragment, {})
    .then(() => channel.unary(KV.method.range, { key: bytes("k") }));
  await channel.unary(KV.method.compact, { revision: header?.revision ?? 0n, physical: true });
  await channel.unary(Lease.method.leaseRevoke, { ID: 7n });

  const samples = await scrape(endpoint);
  const moved = (name: string, atLeast = 1): void => {
    expect(total(samples, name), name).toBeGreaterThanOrEqual(atLeast);
  };
  moved("etcd_server_has_leader");
  moved("etcd_server_leader_changes_seen_total");
  moved("etcd_server_proposals_committed_total", 20);
  moved("etcd_server_proposals_applied_total", 20);
  moved("etcd_server_apply_duration_seconds_count", 20);
  moved("etcd_disk_wal_fsync_duration_seconds_count", 5);
  moved("etcd_disk_wal_write_bytes_total", 1000);
  moved("etcd_disk_backend_commit_duration_seconds_count");
  moved("etcd_disk_backend_defrag_duration_seconds_count");
  moved("etcd_mvcc_put_total", 20);
  moved("etcd_mvcc_range_total");
  moved("etcd_mvcc_db_total_size_in_bytes", 100);
  moved("etcd_debugging_mvcc_total_put_size_in_bytes", 100);
  moved("etcd_debugging_mvcc_events_total");
  moved("etcd_debugging_mvcc_db_compaction_keys_total", 10);
  moved("etcd_debugging_mvcc_db_compaction_last", 1_600_000_000);
  moved("etcd_debugging_lease_granted_total");
  moved("etcd_debugging_lease_revoked_total");
  moved("etcd_debugging_lease_ttl_total_sum", 60);
  moved("etcd_network_client_grpc_received_bytes_total", 250);
  moved("etcd_network_client_grpc_sent_bytes_total", 400);
  moved("etcd_network_peer_sent_bytes_total", 1000);
  moved("etcd_network_peer_received_bytes_total", 100);
  moved("etcd_network_active_peers", 2);
  moved("etcd_network_known_peers", 2);
  moved("process_resident_memory_bytes", 1_000_000);
  expect(total(samples, "etcd_debugging_server_alarms")).toBe(0);
  expect(samples.get('etcd_server_feature_enabled{name="LeaseCheckpoint",stage="ALPHA"}')).toBe(1);
  expect(samples.get('etcd_server_feature_enabled{name="InitialCorruptCheck",stage="ALPHA"}')).toBe(0);
  expect(samples.get('etcd_cluster_version{cluster_version="3.6"}')).toBe(1);
  expect(samples.get('etcd_server_client_requests_total{type="stream",client_api_version="unknown"}')).toBe(1);
  const method = 'grpc_type="unary",grpc_service="etcdserverpb.KV",grpc_method="Put"';
  expect(samples.get(`grpc_server_started_total{${method}}`)).toBe(20);
  expect(samples.get(`grpc_server_handled_total{${method},grpc_code="OK"}`)).toBe(20);
  expect(samples.get(`grpc_server_msg_received_total{${method}}`)).toBe(20);
  const watching = 'grpc_type="bidi_stream",grpc_service="etcdserverpb.Watch",grpc_method="Watch"';
  expect(samples.get(`grpc_server_msg_received_total{${watching}}`)).toBe(1);
  expect(samples.get(`grpc_server_msg_sent_total{${watching}}`)).toBeGreaterThanOrEqual(2);

  // Round trips are measured every four seconds.
  await until(async () => total(await scrape(endpoint), "etcd_network_peer_round_trip_time_seconds_count") >= 2);

  // A member that is down shows by what cannot be sent to it.
  const [down] = [...cluster.nodes.keys()].filter((name) => cluster.nodes.get(name) !== leader);
  await cluster.stop(down ?? "");
  await until(async () => total(await scrape(endpoint), "etcd_network_peer_sent_failures_total") >= 3);
  const after = await scrape(endpoint);
  expect(total(after, "etcd_network_active_peers")).toBe(1);
  expect(total(after, "etcd_network_disconnected_peers_total")).toBeGreaterThanOrEqual(1);
  abort.abort();
  await channel.close();
});

it("a snapshot that a member was sent is counted on both sides", async () => {
  await using cluster = await startCluster({ size: 3, snapshotCount: 20, catchUpEntries: 5 });
  const leader = cluster.leader ?? [...cluster.nodes.values()][0];
  const [name = ""] = [...cluster.nodes.keys()].filter((one) => cluster.nodes.get(one) !== leader);
  await cluster.stop(name);
  const channel = niceChannel(leader?.endpoints[0] ?? "");
  for (let i = 0; i < 100; i++) await channel.unary(KV.method.put, { key: bytes(`k${i}`), value: bytes("v") });
  await channel.close();
  const restarted = await cluster.start(name);
  const ours = leader?.memberId.toString(16);
  const theirs = restarted.memberId.toString(16);
  await until(async () => {
    const samples = await scrape(leader?.endpoints[0] ?? "");
    return (samples.get(`etcd_network_snapshot_send_success{To="${theirs}"}`) ?? 0) > 0;
  });
  const sent = await scrape(leader?.endpoints[0] ?? "");
  expect(sent.get(`etcd_network_snapshot_send_inflights_total{To="${theirs}"}`)).toBe(0);
  expect(sent.get(`etcd_network_snapshot_send_total_duration_seconds_count{To="${theirs}"}`)).toBe(1);
  expect(total(sent, "etcd_mvcc_db_open_read_transactions")).toBe(0);
  const received = await scrape(restarted.endpoints[0] ?? "");
  expect(received.get(`etcd_network_snapshot_receive_success{From="${ours}"}`)).toBe(1);
  expect(received.get(`etcd_network_snapshot_receive_inflights_total{From="${ours}"}`)).toBe(0);
  expect(total(received, "etcd_snap_db_save_total_duration_seconds_count")).toBe(1);
  expect(total(received, "etcd_snap_db_fsync_duration_seconds_count")).toBe(1);
  expect(total(received, "etcd_server_snapshot_apply_in_progress_total")).toBe(0);
});
