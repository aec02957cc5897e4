/** The codecs of one `.proto` file, and the table of those of all files: TypeScript, not formatted yet. */
import { messageFunctions } from "./message.mjs";
import { schemaName, shapeName, specifier } from "./names.mjs";

/** @typedef {import("@bufbuild/protobuf").DescFile} DescFile */
/** @typedef {import("@bufbuild/protobuf").DescMessage} DescMessage */

const RUNTIME = {
  codec: ["Init", "CodecEntry", "codecOf", "caseValue"],
  reader: ["EMPTY_BYTES", "Reader"],
  sizes: [
    ...["bytesSize", "delimitedSize", "int32ListLength", "int32Size", "int64Size", "textSize", "uint32Size"],
    ...["uint64ListLength", "uint64Size", "unknownSize"],
  ],
  writer: ["Writer"],
};
const TYPES = new Set(["CodecEntry", "Init", "Reader", "Writer"]);

/**
 * @param {DescFile} file
 * @returns {string}
 */
export function codecFile(file) {
  const messages = messagesOf(file);
  const body = messages.map(messageFunctions);
  const rows = messages.map((message) => {
    const shape = shapeName(message);
    return `codecOf(${schemaName(message)}, size${shape}, write${shape}, read${shape}),`;
  });
  body.push(`export const codecs: readonly CodecEntry[] = [\n${rows.join("\n")}\n];`);
  const code = body.join("\n\n");
  return [head(`the messages of ${file.name}.proto`), ...imports(file, code), "", code, ""].join("\n");
}

/**
 * @param {readonly DescFile[]} files
 * @returns {string}
 */
export function tableFile(files) {
  const named = files.filter(hasMessages).map(({ name }) => ({ path: name, local: name.replaceAll("/", "_") }));
  return [
    head("every message of this package, by its schema"),
    'import type { DescMessage } from "@bufbuild/protobuf";',
    'import type { Codec } from "../codec/codec.js";',
    ...named.map(({ path, local }) => `import { codecs as ${local} } from "./${path}_codec.js";`),
    "",
    `export const codecs: ReadonlyMap<DescMessage, Codec> = /*@__PURE__*/ new Map([`,
    ...named.map(({ local }) => `...${local},`),
    "]);",
    "",
  ].join("\n");
}

/** @param {DescFile} file */
export function hasMessages(file) {
  return file.messages.length > 0;
}

function head(what) {
  return `// Codecs of ${what}. Generated from the .proto files by \`pnpm generate\`. Do not edit.\n`;
}

/** @returns {DescMessage[]} the nested ones too */
function messagesOf({ messages }) {
  return messages.flatMap((message) => [message, ...messagesOf({ messages: message.nestedMessages })]);
}

/** What the code names: of the folder beside, of the messages and of other files' codecs. */
function imports(file, code) {
  const words = new Set(code.match(/[\w$]+/g));
  const lines = Object.entries(RUNTIME).flatMap(([module, names]) => {
    const used = names.filter((name) => words.has(name));
    return importLine(
      used.filter((name) => !TYPES.has(name)),
      used.filter((name) => TYPES.has(name)),
      specifier(file.name, `../codec/${module}.js`),
    );
  });
  for (const other of [file, ...file.dependencies]) {
    const shapes = messagesOf(other).map(shapeName);
    const functions = shapes.flatMap((shape) => [`size${shape}`, `write${shape}`, `read${shape}`]);
    const called = other === file ? [] : functions.filter((name) => words.has(name));
    const schemas = messagesOf(other).map(schemaName);
    const types = other === file ? shapes : [];
    lines.push(...importLine(called, [], specifier(file.name, `${other.name}_codec.js`)));
    lines.push(...importLine(other === file ? schemas : [], types, specifier(file.name, `${other.name}_pb.js`)));
  }
  return lines;
}

/** @param {string[]} values @param {string[]} types @param {string} from */
function importLine(values, types, from) {
  if (values.length === 0) return types.length === 0 ? [] : [`import type { ${types.join(", ")} } from "${from}";`];
  return [`import { ${[...values, ...types.map((name) => `type ${name}`)].join(", ")} } from "${from}";`];
}
