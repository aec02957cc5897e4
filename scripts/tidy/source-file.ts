/**
 * A TypeScript file as the tidy rules see it: parsed once by the compiler, with its imports resolved to paths of the
 * repository. Rules take lists of these, so that each can be shown to fire on a snippet that exists only in a test.
 */
import { posix } from "node:path";
import ts from "typescript";

export interface Import {
  /** As written: `./raft.js`, `node:fs`, `@kvorum/client`. */
  readonly specifier: string;
  /** Path of the file in the repository it leads to, where it leads to one. */
  readonly target: string | undefined;
  /**
   * `value` is there when the file is loaded, `type` is nothing at run time, and `process` names a file by
   * `new URL("./worker.js", import.meta.url)` that a worker thread or a child process runs.
   */
  readonly kind: "value" | "type" | "process";
  readonly line: number;
}

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** What a rule found: the file, the line, and a sentence that says what to do instead. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Parses files given as `path → text`; imports lead to those of them that exist. */
export function parseFiles(texts: ReadonlyMap<string, string>): SourceFile[] {
  return [...texts].map(([path, text]) => {
    const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
    return { path, text, tree, imports: importsOf(tree, (specifier) => resolve(path, specifier, texts)) };
  });
}

export function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

/** Lines count from one. */
export function lineOf(node: ts.Node): number {
  const tree = node.getSourceFile();
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** Calls `visit` for every node below, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

function importsOf(tree: ts.SourceFile, target: (specifier: string) => string | undefined): Import[] {
  const imports: Import[] = [];
  const add = (literal: ts.Node | undefined, kind: Import["kind"]): void => {
    if (literal === undefined || !ts.isStringLiteralLike(literal)) return;
    imports.push({ specifier: literal.text, target: target(literal.text), kind, line: lineOf(literal) });
  };
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node) ? "type" : "value");
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? "type" : "value");
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], "value");
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, "type");
    else if (ts.isNewExpression(node) && node.expression.getText(tree) === "URL" && node.arguments?.length === 2)
      add(node.arguments[0], "process");
  });
  return imports;
}

function isTypeOnly(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  if (clause.name !== undefined || named === undefined || !ts.isNamedImports(named)) return false;
  return named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}

/** Follows relative paths, and `@kvorum/x` to the face of that package. */
function resolve(from: string, specifier: string, texts: ReadonlyMap<string, string>): string | undefined {
  const own = /^@kvorum\/([a-z-]+)(?:\/([a-z-]+))?$/.exec(specifier);
  if (own?.[1] !== undefined) return firstExisting(facesOf(own[1], own[2]), texts);
  if (!specifier.startsWith("./") && !specifier.startsWith("../")) return undefined;
  const path = posix.normalize(posix.join(posix.dirname(from), specifier));
  // A test may name the compiled file of another package, which stands for its source.
  const source = path.replace("/dist/", "/src/").replace(/\.js$/, ".ts");
  return firstExisting(
    [path, source, path.replace(/\.js$/, ".ts"), path.replace("/dist/", "/").replace(/\.js$/, ".ts")],
    texts,
  );
}

function facesOf(name: string, subpath = "index"): string[] {
  if (name === "proto") return [`proto/gen/${subpath}.ts`];
  return [`packages/${name}/src/${subpath}.ts`, `packages/${name}/src/${subpath}/index.ts`];
}

function firstExisting(paths: readonly string[], texts: ReadonlyMap<string, string>): string | undefined {
  return paths.find((path) => texts.has(path));
}
