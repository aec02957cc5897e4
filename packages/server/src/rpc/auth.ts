/**
 * The Auth service of a node without users yet: it says so. Clients ask before they log in, and go on without a token
 * when authentication is off.
 */
import type { Auth } from "@kvorum/proto";
import type { ServiceImplementation } from "@kvorum/transport";
import { ServerError } from "../core/errors.js";
import { headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";

/** What a store has that was never changed. */
const FIRST_AUTH_REVISION = 1n;

export function authService({ node }: RpcParts): ServiceImplementation<typeof Auth> {
  return {
    authStatus: () => ({ header: headerOf(node), enabled: false, authRevision: FIRST_AUTH_REVISION }),
    authenticate: () => {
      throw new ServerError("authNotEnabled");
    },
  };
}
