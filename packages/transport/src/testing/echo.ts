/**
 * A service with one method of each kind, for the contract suite: etcd's own API has no client-streaming method. The
 * descriptor is made here, so that no test message gets into the generated package.
 */
import { create, createFileRegistry, type Message } from "@bufbuild/protobuf";
import type { GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

export type Note = Message<"kvorum.test.Note"> & { text: string; body: Uint8Array; number: bigint };

const field = (name: string, number: number, type: FieldDescriptorProto_Type) => ({
  name,
  number,
  type,
  label: FieldDescriptorProto_Label.OPTIONAL,
});

const method = (name: string, clientStreaming: boolean, serverStreaming: boolean) => ({
  name,
  inputType: ".kvorum.test.Note",
  outputType: ".kvorum.test.Note",
  clientStreaming,
  serverStreaming,
});

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "kvorum/test/echo.proto",
    package: "kvorum.test",
    syntax: "proto3",
    messageType: [
      {
        name: "Note",
        field: [
          field("text", 1, FieldDescriptorProto_Type.STRING),
          field("body", 2, FieldDescriptorProto_Type.BYTES),
          field("number", 3, FieldDescriptorProto_Type.INT64),
        ],
      },
    ],
    service: [
      {
        name: "Echo",
        method: [
          method("Once", false, false),
          method("Count", false, true),
          method("Sum", true, false),
          method("Talk", true, true),
        ],
      },
    ],
  }),
  () => undefined,
);

export const NoteSchema = registry.getMessage("kvorum.test.Note") as GenMessage<Note>;

type Kind<K> = { methodKind: K; input: typeof NoteSchema; output: typeof NoteSchema };

export const Echo = registry.getService("kvorum.test.Echo") as GenService<{
  once: Kind<"unary">;
  count: Kind<"server_streaming">;
  sum: Kind<"client_streaming">;
  talk: Kind<"bidi_streaming">;
}>;
