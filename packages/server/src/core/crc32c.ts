/** CRC-32C (Castagnoli; RFC 3720 appendix B.4), the checksum of etcd's hashes. Reflected, one table, a byte at a time. */
const POLYNOMIAL = 0x82f63b78;
const TABLE: Uint32Array = createTable();

/** Continues `crc`, the checksum of what came before; 0 for nothing. Unsigned 32 bits. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  for (let i = 0; i < bytes.length; i++) {
    state = (TABLE[(state ^ (bytes[i] as number)) & 0xff] as number) ^ (state >>> 8);
  }
  return ~state >>> 0;
}

function createTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
    return remainder;
  });
}
