/** Who may have a command carried out: asked before it is proposed, and again where its entry is applied. */
import type { AuthView } from "../auth/auth-view.js";
import type { Identity } from "../auth/types.js";
import type { Command } from "./command.js";

/** Passes while authentication is off. Errors: `userEmpty`, `permissionDenied`, and `authOldRevision` where keys count. */
export function checkCommand(auth: AuthView, identity: Identity | undefined, command: Command): void {
  switch (command.kind) {
    case "put":
    case "delete-range":
    case "txn":
      auth.checkOperation(identity, command);
      break;
    case "lease-grant":
      auth.checkUser(identity);
      break;
    case "lease-revoke":
      // One that the leader proposes for an expired lease is nobody's.
      if (command.leaderTerm === 0) auth.checkLease(identity, command.id, "write");
      break;
    case "compaction":
    case "auth-enable":
    case "auth-disable":
    case "user-add":
    case "user-delete":
    case "user-change-password":
    case "user-grant-role":
    case "user-revoke-role":
    case "role-add":
    case "role-delete":
    case "role-grant-permission":
    case "role-revoke-permission":
      auth.checkAdmin(identity);
      break;
    default:
      // Members and leaders propose these; what a client may cause of them is decided where it asks.
      break;
  }
}
