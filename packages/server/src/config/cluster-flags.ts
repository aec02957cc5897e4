/** Flags of the cluster: its members at the birth, how it elects, and how its members' data are compared. */
import { FEATURE_GATES, type FeatureGates } from "./feature-gates.js";
import type { FlagsOf } from "./flag.js";
import { boolean, oneOf, switches, text, timerDuration, urls, wholeNumber } from "./values.js";

export interface ClusterSettings {
  readonly listenPeerUrls: readonly string[];
  readonly initialAdvertisePeerUrls: readonly string[];
  readonly initialCluster: string | undefined;
  readonly initialClusterState: "new" | "existing";
  readonly initialClusterToken: string;
  readonly preVote: boolean;
  readonly strictReconfigCheck: boolean;
  readonly maxLearners: number;
  readonly corruptCheckTime: number;
  /** Undefined where nothing was given: the feature gate of the same meaning may say it. */
  readonly initialCorruptCheck: boolean | undefined;
  readonly featureGates: FeatureGates;
}

const INT32_MAX = 2 ** 31 - 1;

export const CLUSTER_FLAGS: FlagsOf<ClusterSettings> = {
  listenPeerUrls: {
    name: "listen-peer-urls",
    group: "Cluster",
    placeholder: "<urls>",
    help: "addresses to serve the other members on; a cluster of one listens there too",
    read: urls,
    fallback: ["http://localhost:2380"],
  },
  initialAdvertisePeerUrls: {
    name: "initial-advertise-peer-urls",
    group: "Cluster",
    placeholder: "<urls>",
    help: "peer addresses of this member; the ids of member and cluster are made from them",
    read: urls,
    fallback: ["http://localhost:2380"],
  },
  initialCluster: {
    name: "initial-cluster",
    group: "Cluster",
    placeholder: "<name=url,...>",
    help: "members to start with, every one with the same list; a name may stand once an address",
    read: text,
    fallback: undefined,
    fallbackText: "<name>=<initial-advertise-peer-urls>",
  },
  initialClusterState: {
    name: "initial-cluster-state",
    group: "Cluster",
    placeholder: "<state>",
    help: "new, or existing to join a cluster that the member was added to",
    read: oneOf("new", "existing"),
    fallback: "new",
  },
  initialClusterToken: {
    name: "initial-cluster-token",
    group: "Cluster",
    placeholder: "<token>",
    help: "mixed into the ids, so that two clusters with the same addresses stay apart",
    read: text,
    fallback: "etcd-cluster",
  },
  preVote: {
    name: "pre-vote",
    group: "Cluster",
    placeholder: "<bool>",
    help: "ask whether an election can be won before starting one",
    read: boolean,
    fallback: true,
    isSwitch: true,
  },
  strictReconfigCheck: {
    name: "strict-reconfig-check",
    group: "Cluster",
    placeholder: "<bool>",
    help: "refuse member changes that would cost the cluster its majority",
    read: boolean,
    fallback: true,
    isSwitch: true,
  },
  maxLearners: {
    name: "max-learners",
    aliases: ["experimental-max-learners"],
    group: "Cluster",
    placeholder: "<members>",
    help: "learners that the cluster may have at a time",
    read: wholeNumber(1, INT32_MAX),
    fallback: 1,
  },
  corruptCheckTime: {
    name: "corrupt-check-time",
    aliases: ["experimental-corrupt-check-time"],
    group: "Checks",
    placeholder: "<duration>",
    help: "pause between comparisons of the members' data; 0 turns them off",
    read: timerDuration,
    fallback: 0,
    fallbackText: "0s",
    isDuration: true,
  },
  initialCorruptCheck: {
    name: "experimental-initial-corrupt-check",
    group: "Checks",
    placeholder: "<bool>",
    help: "older form of --feature-gates=InitialCorruptCheck=true",
    read: boolean,
    fallback: undefined,
    fallbackText: "false",
    isSwitch: true,
    isHidden: true,
  },
  featureGates: {
    name: "feature-gates",
    group: "Checks",
    placeholder: "<gate=bool,...>",
    help: "InitialCorruptCheck=true compares the data with that of the other members before serving",
    read: switches(...FEATURE_GATES),
    fallback: {},
    fallbackText: "InitialCorruptCheck=false",
  },
};
