/** Members as the files of `packaging/` describe them, so that what the tests start is what operators are given. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";

export interface PlannedMember {
  readonly name: string;
  /** The name by which the others find it. */
  readonly host: string;
  readonly environment: Readonly<Record<string, string>>;
  /** User and group, where the file chooses them and not the image. */
  readonly user?: string;
}

/** The services of `compose.yaml`. */
export function composeMembers(): readonly PlannedMember[] {
  const { services } = parse(textOf("compose.yaml"), { merge: true }) as {
    readonly services: Readonly<Record<string, { readonly environment: Readonly<Record<string, string>> }>>;
  };
  return Object.entries(services).map(([name, { environment }]) => ({ name, host: name, environment }));
}

export interface Probe {
  readonly path: string;
  readonly port: number;
}

export interface PlannedPods {
  readonly members: readonly PlannedMember[];
  readonly probes: Readonly<Record<"startup" | "liveness" | "readiness", Probe>>;
}

interface HttpProbe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface StatefulSet {
  readonly kind: "StatefulSet";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly serviceName: string;
    readonly replicas: number;
    readonly template: {
      readonly spec: {
        readonly securityContext: { readonly runAsUser: number; readonly fsGroup: number };
        readonly containers: readonly [
          {
            readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
            readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
            readonly startupProbe: HttpProbe;
            readonly livenessProbe: HttpProbe;
            readonly readinessProbe: HttpProbe;
          },
        ];
      };
    };
  };
}

/** The pods of the StatefulSet in `kubernetes/kvorum.yaml`, as Kubernetes would name them and fill in their variables. */
export function podMembers(): PlannedPods {
  const documents = parseAllDocuments(textOf("kubernetes/kvorum.yaml"));
  const parts = documents.map((document) => document.toJS() as { readonly kind: string });
  const set = parts.find((part): part is StatefulSet => part.kind === "StatefulSet");
  if (set === undefined) throw new Error("there is no StatefulSet in kubernetes/kvorum.yaml");
  const { metadata, spec } = set;
  const { containers, securityContext } = spec.template.spec;
  const [container] = containers;
  const members = Array.from({ length: spec.replicas }, (_, index) => {
    const name = `${metadata.name}-${index}`;
    const environment: Record<string, string> = {};
    for (const variable of container.env) {
      // Of the fields of a pod its name is the only one that is asked for.
      const text = variable.value ?? name;
      environment[variable.name] = text.replace(/\$\((\w+)\)/g, (whole, other: string) => environment[other] ?? whole);
    }
    const user = `${securityContext.runAsUser}:${securityContext.fsGroup}`;
    return { name, host: `${name}.${spec.serviceName}`, environment, user };
  });
  const probe = ({ httpGet }: HttpProbe): Probe => {
    const port = container.ports.find(({ name }) => name === httpGet.port)?.containerPort;
    if (port === undefined) throw new Error(`no port of the container is called ${httpGet.port}`);
    return { path: httpGet.path, port };
  };
  const { startupProbe, livenessProbe, readinessProbe } = container;
  return {
    members,
    probes: { startup: probe(startupProbe), liveness: probe(livenessProbe), readiness: probe(readinessProbe) },
  };
}

function textOf(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../packaging/${path}`, import.meta.url)), "utf8");
}
