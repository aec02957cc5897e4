/** How much a watch hub does in one pass and lets wait, so that a slow client costs bounded memory and no write waits. */

export interface WatchBounds {
  /** Responses that wait in one stream before its watchers have to wait instead. */
  readonly responsesMax: number;
  /** Key and value bytes that wait in one stream; one batch may pass the mark. */
  readonly streamBytesMax: number;
  /** Watchers that one pass of `catchUp` serves. */
  readonly catchUpWatchersMax: number;
  /** Main revisions that one catch-up response spans. */
  readonly catchUpRevisionsMax: number;
  /** A catch-up slice that turned out larger than this makes the next one shorter. */
  readonly catchUpBytesAim: number;
}

export const WATCH_BOUNDS: WatchBounds = {
  // etcd's channel has as many slots.
  responsesMax: 128,
  streamBytesMax: 16 * 1024 * 1024,
  catchUpWatchersMax: 512,
  catchUpRevisionsMax: 1000,
  catchUpBytesAim: 4 * 1024 * 1024,
};
