/**
 * `npm run docs`: the reference of the SDK from its doc comments, as pages in `docs/api`. With `--check` nothing is written.
 * A warning fails it: a link that leads nowhere, a type that is spoken of and not exported.
 *
 * What is described is what the packages export, read from their package.json, so a new sub-path needs no word here.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Application, OptionDefaults, TSConfigReader, TypeDocReader } from "typedoc";
import { manifest, root } from "./workspace.mjs";

/**
 * In the order of the menu; the other packages are what these are built on. With each the names that its types are made of and
 * that nobody has to spell, so they are not exported. One that is not needed here any more is a warning too.
 */
const PACKAGES = {
  client: [
    ...["AnswerOf", "CallOf", "ChangeOf", "DeletePrevious", "Keyspace", "Methods", "PutPrevious", "StreamName"],
    ...["REASONS", "json", "protobuf", "schema"],
  ],
  concurrency: [],
  server: ["Machine", "MachineClock", "Timer"],
};

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const sources = sourcesOfExports();
const app = await Application.bootstrapWithPlugins(
  {
    options: join(root, "typedoc.json"),
    entryPoints: [...sources.keys()],
    // The generator of protocol buffers writes it.
    blockTags: [...OptionDefaults.blockTags, "@generated"],
  },
  [new TypeDocReader(), new TSConfigReader()],
);
const entryPoints = app.getEntryPoints() ?? [];
for (const entry of entryPoints) entry.displayName = sources.get(entry.sourceFile.fileName) ?? entry.displayName;
const project = app.converter.convert(entryPoints);
// typedoc asks for exported types only of the package that a project is named for.
for (const [name, unexported] of Object.entries(PACKAGES)) {
  project.packageName = `@kvorum/${name}`;
  app.options.setValue("intentionallyNotExported", unexported);
  app.validate(project);
}
project.packageName = undefined;
if (entryPoints.length !== sources.size) app.logger.error("not every entry point is part of the program");
if (!values.check && !failed()) await app.generateOutputs(project);
if (failed()) process.exitCode = 1;
else console.log(`${entryPoints.length} modules: ${entryPoints.map(({ displayName }) => displayName).join(", ")}`);

function failed() {
  return app.logger.hasErrors() || app.logger.hasWarnings();
}

/** Source file of each entry point → the specifier by which users import it. */
function sourcesOfExports() {
  const found = new Map();
  for (const folder of Object.keys(PACKAGES).map((name) => `packages/${name}`)) {
    const { name, exports } = manifest(`${folder}/package.json`);
    for (const [path, { types }] of Object.entries(exports)) {
      const source = types.replace("./dist/", "src/").replace(/\.d\.ts$/, ".ts");
      found.set(join(root, folder, source), name + path.slice(1));
    }
  }
  return found;
}
