/** The lines of an answer as they arrive. */

/** Resolves with `count` lines, or with fewer when the answer ends before. */
export async function readLines(response: Response, count: number): Promise<readonly string[]> {
  const decoder = new TextDecoder();
  const lines: string[] = [];
  let rest = "";
  const reader = response.body?.getReader();
  while (reader !== undefined && lines.length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = `${rest}${decoder.decode(value, { stream: true })}`.split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  }
  return rest === "" || lines.length >= count ? lines.slice(0, count) : [...lines, rest];
}
