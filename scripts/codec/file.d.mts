/** What the tests need of `file.mjs`. */
import type { DescFile } from "@bufbuild/protobuf";

export declare function codecFile(file: DescFile): string;
export declare function tableFile(files: readonly DescFile[]): string;
export declare function hasMessages(file: DescFile): boolean;
