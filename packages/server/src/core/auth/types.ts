/**
 * Who asks, as the core sees it. The edge finds it out from a token or a client certificate (`rpc/identify.ts`); it travels
 * with a proposal through the log, because what a user may do is checked where the request arrives and again where it is
 * applied: in between the users may have changed.
 */
export interface Identity {
  readonly user: string;
  /**
   * Revision of the auth store that the identity was made from. A request whose identity is older than the store is
   * refused (`authOldRevision`): the user may have lost a permission meanwhile.
   */
  readonly authRevision: bigint;
}
