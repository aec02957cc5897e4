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

const indexOfName = new Map<string, number>();
const indexOfField = new Map<string, number>();
for (const [i, { name, value }] of STATIC_FIELDS.entries()) {
  if (!indexOfName.has(name)) indexOfName.set(name, i + 1);
  indexOfField.set(`${name}\n${value}`, i + 1);
}

/** Index of the first field with this name. */
export function staticIndexOfName(name: string): number | undefined {
  return indexOfName.get(name);
}

/** Index of exactly this field. */
export function staticIndexOf(name: string, value: string): number | undefined {
  const index = indexOfField.get(`${name}\n${value}`);
  // The key is ambiguous for a name with a line end in it; such a field is in no table.
  return index !== undefined && STATIC_FIELDS[index - 1]?.name === name ? index : undefined;
}
