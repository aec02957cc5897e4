/** What protoc-gen-es and our generator call things. */
import { posix } from "node:path";

/**
 * `Event_EventType` for `mvccpb.Event.EventType`.
 *
 * @param {import("@bufbuild/protobuf").DescMessage} message
 */
export function shapeName({ typeName, file }) {
  const prefix = file.proto.package === "" ? "" : `${file.proto.package}.`;
  return typeName.slice(prefix.length).replaceAll(".", "_");
}

/** @param {import("@bufbuild/protobuf").DescMessage} message */
export function schemaName(message) {
  return `${shapeName(message)}Schema`;
}

/**
 * How a generated file imports another.
 *
 * @param {string} from name of its `.proto` file, without the ending
 * @param {string} to path below `proto/gen`; `../` leads to what is not generated
 */
export function specifier(from, to) {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}
