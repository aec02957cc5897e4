/**
 * The four levels of isolation of a transaction, as etcd's own client defines them. They differ in where reads come from
 * and in what must still hold when the writes are committed. What others can do to a transaction that is committed:
 *
 * |                                                        | serializable-snapshot | serializable | repeatable-reads | read-committed |
 * | ------------------------------------------------------ | --------------------- | ------------ | ---------------- | -------------- |
 * | half of another's writes is seen; a key read twice differs | no                | no           | no               | no             |
 * | overwritten without having been read                   | no                    | yes          | yes              | yes            |
 * | its body sees a combination that never was             | no                    | no           | runs again       | yes            |
 * | lost update, write skew, phantom                       | no                    | no           | no               | yes            |
 *
 * "Runs again" is: the body may see it, and then the attempt is not committed. The first three levels are strictly
 * serializable in what they commit; overwriting a key that nobody has looked at is no anomaly of that order.
 */

/**
 * - `serializable-snapshot` (default): reads are one snapshot; the commit fails when anything that was read has changed, or
 *   anything that is written was changed after the snapshot. Where nothing was read there is no snapshot, and no check.
 * - `serializable`: the same, without the check of keys that are only written.
 * - `repeatable-reads`: each key is read once, possibly stale, keys from different moments; the commit fails when anything
 *   that was read has changed. The body may see a combination that never was.
 * - `read-committed`: no check. Concurrent transactions overwrite each other; all writes still appear at once.
 */
export type Isolation = "serializable-snapshot" | "serializable" | "repeatable-reads" | "read-committed";

export interface Level {
  /** All reads at the revision of the first one, which is linearizable; else each from what the answering member has. */
  readonly snapshot: boolean;
  /** What was read must be unchanged at the commit. */
  readonly guardReads: boolean;
  /** What is written must not have changed since the snapshot. */
  readonly guardWrites: boolean;
}

export const LEVELS: Readonly<Record<Isolation, Level>> = {
  "serializable-snapshot": { snapshot: true, guardReads: true, guardWrites: true },
  serializable: { snapshot: true, guardReads: true, guardWrites: false },
  "repeatable-reads": { snapshot: false, guardReads: true, guardWrites: false },
  "read-committed": { snapshot: false, guardReads: false, guardWrites: false },
};
