/** Answers about leases as etcdctl prints them. Its JSON puts the header's fields beside the others, not into a member. */
import {
  type LeaseGrantResponse,
  LeaseGrantResponseSchema,
  type LeaseKeepAliveResponse,
  LeaseKeepAliveResponseSchema,
  type LeaseLeasesResponse,
  LeaseLeasesResponseSchema,
  type LeaseRevokeResponse,
  LeaseRevokeResponseSchema,
  type LeaseTimeToLiveResponse,
  LeaseTimeToLiveResponseSchema,
  type ResponseHeader,
  ResponseHeaderSchema,
} from "@kvorum/proto";
import { fieldLine, headerFields } from "./fields.js";
import { type JsonValue, messageJson } from "./json.js";
import { messageReport, type Report } from "./report.js";

/** A lease as people see and write it: 16 digits of hex. */
export function leaseText(id: bigint): string {
  return id < 0n ? `-${(-id).toString(16).padStart(15, "0")}` : id.toString(16).padStart(16, "0");
}

export function grantReport(response: LeaseGrantResponse): Report {
  const { header, ID, TTL, error } = response;
  return messageReport(LeaseGrantResponseSchema, response, {
    simple: (out) => out.line(`lease ${leaseText(ID)} granted with TTL(${TTL}s)`),
    json: () => ({ ...headerJson(header), ID, TTL, Error: error }),
    fields: (out) => {
      headerFields(out, header);
      fieldLine(out, "ID", ID);
      fieldLine(out, "TTL", TTL);
    },
  });
}

export function revokeReport(id: bigint, response: LeaseRevokeResponse): Report {
  return messageReport(LeaseRevokeResponseSchema, response, {
    simple: (out) => out.line(`lease ${leaseText(id)} revoked`),
    fields: (out) => headerFields(out, response.header),
  });
}

export function keepAliveReport(response: LeaseKeepAliveResponse): Report {
  const { header, ID, TTL } = response;
  return messageReport(LeaseKeepAliveResponseSchema, response, {
    simple: (out) => out.line(`lease ${leaseText(ID)} keepalived with TTL(${TTL})`),
    json: () => ({ ...headerJson(header), ID, TTL }),
    fields: (out) => {
      headerFields(out, header);
      fieldLine(out, "ID", ID);
      fieldLine(out, "TTL", TTL);
    },
  });
}

export function timeToLiveReport(response: LeaseTimeToLiveResponse, asksForKeys: boolean): Report {
  const { header, ID, TTL, grantedTTL, keys } = response;
  return messageReport(LeaseTimeToLiveResponseSchema, response, {
    simple: (out) => {
      if (grantedTTL === 0n && TTL === -1n) {
        out.line(`lease ${leaseText(ID)} already expired`);
        return;
      }
      out.raw(`lease ${leaseText(ID)} granted with TTL(${grantedTTL}s), remaining(${TTL}s)`);
      if (asksForKeys) {
        out.raw(", attached keys([");
        for (const [index, key] of keys.entries()) out.raw(index === 0 ? "" : " ").raw(key);
        out.raw("])");
      }
      out.line();
    },
    json: () => ({
      ...headerJson(header),
      id: ID,
      ttl: TTL,
      "granted-ttl": grantedTTL,
      keys: keys.length === 0 ? null : keys,
    }),
    fields: (out) => {
      headerFields(out, header);
      fieldLine(out, "ID", ID);
      fieldLine(out, "TTL", TTL);
      fieldLine(out, "GrantedTTL", grantedTTL);
      for (const key of keys) fieldLine(out, "Key", key);
    },
  });
}

export function leasesReport(response: LeaseLeasesResponse): Report {
  const { header, leases } = response;
  return messageReport(LeaseLeasesResponseSchema, response, {
    simple: (out) => {
      out.line(`found ${leases.length} leases`);
      for (const { ID } of leases) out.line(leaseText(ID));
    },
    json: () => ({ ...headerJson(header), leases: leases.map(({ ID }) => ({ id: ID })) }),
    fields: (out) => {
      headerFields(out, header);
      for (const { ID } of leases) fieldLine(out, "ID", ID);
    },
  });
}

function headerJson(header: ResponseHeader | undefined): Record<string, JsonValue> {
  return header === undefined ? {} : messageJson(ResponseHeaderSchema, header);
}
