/** What a single file must not contain, seen in its syntax tree, and the words no file of ours may carry. */
import ts from "typescript";
import { pureFolderOf } from "./layers.js";
import { isTest, lineOf, type SourceFile, type Violation, walk } from "./source-file.js";

/** Globals that bring time, chance, the outside world or a later turn of the event loop into pure code. */
const IMPURE = new Set([
  ...["Date", "performance", "process", "console", "Buffer", "fetch", "crypto", "globalThis"],
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "Promise"],
]);

/** Every file says in its first paragraph what it is for. */
export function opensWithComment(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ text }) => !/^(#![^\n]*\n)?\s*(\/\*\*|\/\*|\/\/)/.test(text))
    .map(({ path }) => ({ path, line: 1, message: "open the file with a paragraph that says what it is for" }));
}

/** Faces name what they export. */
export function noStarExports(files: readonly SourceFile[]): Violation[] {
  return findNodes(files, (node) => {
    if (!ts.isExportDeclaration(node) || node.moduleSpecifier === undefined) return undefined;
    const named = node.exportClause !== undefined && ts.isNamedExports(node.exportClause);
    return named ? undefined : "name what is exported instead of `export *`";
  });
}

/** One name for one thing: packages have no default exports. */
export function noDefaultExports(files: readonly SourceFile[]): Violation[] {
  const packages = files.filter(({ path }) => path.startsWith("packages/"));
  return findNodes(packages, (node) => {
    const assigned = ts.isExportAssignment(node);
    const modified =
      ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword);
    return assigned || modified ? "export it by name, not as default" : undefined;
  });
}

/** Types vanish when compiled: a union or an `as const` object instead of an enum, a module instead of a namespace. */
export function noEmittedTypes(files: readonly SourceFile[]): Violation[] {
  return findNodes(files, (node) => {
    if (ts.isEnumDeclaration(node)) return "use a union or an `as const` object instead of an enum";
    return ts.isModuleDeclaration(node) ? "use a module instead of a namespace" : undefined;
  });
}

/** Neither `any` nor a comment that silences the compiler. */
export function noTypeEscapes(files: readonly SourceFile[]): Violation[] {
  const words = findNodes(files, (node) =>
    node.kind === ts.SyntaxKind.AnyKeyword ? "say the type, or `unknown`, instead of `any`" : undefined,
  );
  // In a test `@ts-expect-error` is the assertion that something does not compile.
  const silencers = findLines(files, (line, path) => {
    const found = /^\s*(?:\/\/|\/\*)\s*(@ts-(?:ignore|nocheck|expect-error))/.exec(line)?.[1];
    if (found === undefined || (found === "@ts-expect-error" && isTest(path))) return undefined;
    return `mend the type instead of ${found}`;
  });
  return [...words, ...silencers];
}

/** A test that is switched off, or switches the others off, is not committed. */
export function noSwitchedTests(files: readonly SourceFile[]): Violation[] {
  return findNodes(files, (node) => {
    if (!ts.isPropertyAccessExpression(node) || !["skip", "only", "todo"].includes(node.name.text)) return undefined;
    const on = node.expression.getText();
    return ["it", "test", "describe"].includes(on) ? `${on}.${node.name.text} must not be committed` : undefined;
  });
}

/** Pure code has no clock, chance, output, timer or promise: it is given `now` and returns what should happen. */
export function pureFoldersArePure(files: readonly SourceFile[]): Violation[] {
  const pure = files.filter(({ path }) => pureFolderOf(path) !== undefined);
  return findNodes(pure, (node) => {
    if (node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)) return "pure code is synchronous";
    // A port may promise in its type; only whoever implements it, elsewhere, makes the promise.
    if (!ts.isIdentifier(node) || isMemberName(node) || ts.isPartOfTypeNode(node)) return undefined;
    if (IMPURE.has(node.text)) return `pure code must not use ${node.text}`;
    const random = node.text === "Math" && /^Math\s*\.\s*random$/.test(node.parent.getText());
    return random ? "pure code must not use Math.random" : undefined;
  });
}

/** Whether the name belongs to something of ours: a member, a parameter, a key of an object. */
function isMemberName(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent)) {
    return (ts.isPropertyAccessExpression(parent) ? parent.name : parent.right) === node;
  }
  return (parent as { readonly name?: ts.Node }).name === node;
}

/** Words no file carries: promises to do it later, and places that exist on one machine only. */
const WORDS: readonly { readonly pattern: RegExp; readonly message: string }[] = [
  { pattern: /\b(?:TO[D]O|FIX[M]E|X[X]X)\b/, message: "do it, or write down its consequence where users look" },
  {
    pattern: /(?:^|[\s"'`(=:])\/(?:wor[k]|hom[e]|Use[r]s|roo[t]|tm[p]\/[a-z-]+)\/[a-z]/i,
    message: "a path of one machine: the project stands alone",
  },
];

/** For every text file of the repository, whatever its language. */
export function noForbiddenWords(texts: ReadonlyMap<string, string>): Violation[] {
  return [...texts].flatMap(([path, text]) =>
    text
      .split("\n")
      .flatMap((line, index) =>
        WORDS.filter(({ pattern }) => pattern.test(line)).map(({ message }) => ({ path, line: index + 1, message })),
      ),
  );
}

function findNodes(files: readonly SourceFile[], check: (node: ts.Node) => string | undefined): Violation[] {
  const found: Violation[] = [];
  for (const { path, tree } of files) {
    walk(tree, (node) => {
      const message = check(node);
      if (message !== undefined) found.push({ path, line: lineOf(node), message });
    });
  }
  return found;
}

function findLines(
  files: readonly SourceFile[],
  check: (line: string, path: string) => string | undefined,
): Violation[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => {
      const message = check(line, path);
      return message === undefined ? [] : [{ path, line: index + 1, message }];
    }),
  );
}
