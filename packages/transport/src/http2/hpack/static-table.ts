/** HPACK's static table (RFC 7541, appendix A): fields every two sides know, at the indexes from 1 on. */
import type { HeaderField } from "./header-field.js";

/** One line a name: its values in the order of the table; a name alone has the empty value. */
const NAMES_AND_VALUES = `
:authority
:method GET POST
:path / /index.html
:scheme http https
:status 200 204 206 304 400 404 500
accept-charset
accept-encoding gzip,~deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
`;

/** The field of index 1 is the first here. */
export const STATIC_FIELDS: readonly HeaderField[] = NAMES_AND_VALUES.trim()
  .split("\n")
  .flatMap((line) => {
    const [name = "", ...values] = line.split(" ");
    return (values.length === 0 ? [""] : values).map((value) => ({ name, value: value.replace("~", " ") }));
  });

/** For each name the index of its first field, and that of each of its values. */
const indexes = new Map<string, { readonly first: number; readonly ofValue: Map<string, number> }>();
for (const [i, { name, value }] of STATIC_FIELDS.entries()) {
  const known = indexes.get(name) ?? { first: i + 1, ofValue: new Map() };
  known.ofValue.set(value, i + 1);
  indexes.set(name, known);
}

/** Index of the first field with this name. */
export function staticIndexOfName(name: string): number | undefined {
  return indexes.get(name)?.first;
}

/** Index of exactly this field. */
export function staticIndexOf(name: string, value: string): number | undefined {
  return indexes.get(name)?.ofValue.get(value);
}
