'use strict';
// CBOR as section 2 of docs/protocol.md has it: deterministic, and nothing else.
// Integers beyond 2^53 are BigInt, byte strings are Buffer, maps are Map, decimals are Decimal.

class Malformed extends Error {}
class Decimal {
  constructor(mantissa, exponent) { this.mantissa = mantissa; this.exponent = exponent; }
}

const DEPTH = 16;
const HALF = 0xf9, SINGLE = 0xfa;

function head(major, n) {
  n = BigInt(n);
  if (n < 24n) return Buffer.from([(major << 5) | Number(n)]);
  const size = n < 256n ? 1 : n < 65536n ? 2 : n < 4294967296n ? 4 : 8;
  const out = Buffer.alloc(1 + size);
  out[0] = (major << 5) | (23 + [1, 2, 4, 8].indexOf(size) + 1);
  for (let i = size; i > 0; i--) { out[i] = Number(n & 255n); n >>= 8n; }
  return out;
}

function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return NaN;  // or infinite: neither is in the subset
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}

function toHalf(value) {
  for (let exponent = 0; exponent < 31; exponent++) {
    const scale = exponent ? 2 ** (exponent - 15) : 2 ** -14;
    const fraction = (Math.abs(value) / scale - (exponent ? 1 : 0)) * 1024;
    if (fraction >= 0 && fraction < 1024 && Number.isInteger(fraction)) {
      return ((value < 0 || Object.is(value, -0)) ? 0x8000 : 0) | (exponent << 10) | fraction;
    }
  }
  return -1;
}

class Float {  // a float of CBOR, as JavaScript has one kind of number
  constructor(value) { this.value = value; }
}

function encodeFloat(value) {
  if (!Number.isFinite(value) || Math.fround(value) !== value) throw new Malformed('float');
  const half = toHalf(value);
  if (half >= 0) return Buffer.from([HALF, half >> 8, half & 255]);
  const out = Buffer.alloc(5);
  out[0] = SINGLE;
  out.writeFloatBE(value, 1);
  return out;
}

function encode(value) {
  if (value === null) return Buffer.from([0xf6]);
  if (value === true) return Buffer.from([0xf5]);
  if (value === false) return Buffer.from([0xf4]);
  if (value instanceof Float) return encodeFloat(value.value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) value = BigInt(value);
  if (typeof value === 'bigint') return value < 0n ? head(1, -1n - value) : head(0, value);
  if (typeof value === 'number') return encodeFloat(value);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([head(3, text.length), text]);
  }
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encode)]);
  if (value instanceof Decimal) {
    return Buffer.concat([head(6, 4), encode([value.exponent, value.mantissa])]);
  }
  if (value instanceof Map) {
    const pairs = [...value].map(([key, one]) => [encode(key), encode(one)]);
    pairs.sort((a, b) => Buffer.compare(a[0], b[0]));
    return Buffer.concat([head(5, pairs.length), ...pairs.flat()]);
  }
  throw new Malformed('no CBOR for this');
}

class Reader {
  constructor(data) { this.data = data; this.at = 0; }

  take(size) {
    if (size > this.data.length - this.at) throw new Malformed('cut off');
    this.at += size;
    return this.data.subarray(this.at - size, this.at);
  }

  argument(more) {
    if (more < 24) return BigInt(more);
    if (more > 27) throw new Malformed('length');
    let n = 0n;
    const bytes = this.take(1 << (more - 24));
    for (const byte of bytes) n = (n << 8n) | BigInt(byte);
    if (n < [24n, 256n, 65536n, 4294967296n][more - 24]) throw new Malformed('not the shortest');
    return n;
  }

  item(depth) {
    if (depth > DEPTH) throw new Malformed('nested too deep');
    const first = this.take(1)[0];
    const major = first >> 5, more = first & 31;
    if (major === 7) return this.simple(first);
    const n = this.argument(more);
    if (major === 0 || major === 1) {
      const value = major ? -1n - n : n;
      return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(value) : value;
    }
    if (n > BigInt(this.data.length)) throw new Malformed('cut off');
    const size = Number(n);
    if (major === 2) return Buffer.from(this.take(size));
    if (major === 3) return this.text(size);
    if (major === 4) return Array.from({length: size}, () => this.item(depth + 1));
    if (major === 5) return this.map(size, depth);
    return this.decimal(size, depth);
  }

  simple(first) {
    if (first >= 0xf4 && first <= 0xf6) return [false, true, null][first - 0xf4];
    const value = first === HALF ? fromHalf(this.take(2).readUInt16BE())
      : first === SINGLE ? this.take(4).readFloatBE() : NaN;
    if (!Number.isFinite(value)) throw new Malformed('simple value');
    if (first === SINGLE && toHalf(value) >= 0) throw new Malformed('not the shortest');
    return new Float(value);
  }

  text(size) {
    const bytes = this.take(size), text = bytes.toString();
    if (Buffer.compare(Buffer.from(text), bytes)) throw new Malformed('no UTF-8');
    return text;
  }

  map(size, depth) {
    const found = new Map();
    let last = Buffer.alloc(0);
    for (let i = 0; i < size; i++) {
      const start = this.at, key = this.item(depth + 1), raw = this.data.subarray(start, this.at);
      const plain = ['number', 'bigint', 'string'].includes(typeof key) || Buffer.isBuffer(key);
      if (!plain || Buffer.compare(last, raw) >= 0 || raw.length < last.length) {
        throw new Malformed('keys');
      }
      last = raw;
      found.set(key, this.item(depth + 1));
    }
    return found;
  }

  decimal(tag, depth) {
    const value = tag === 4 ? this.item(depth + 1) : null;
    if (!Array.isArray(value) || value.length !== 2 || !Number.isInteger(value[0])
      || value[0] < -9 || value[0] > -1 || !isInteger(value[1])) throw new Malformed('tag');
    if (BigInt.asIntN(64, BigInt(value[1])) !== BigInt(value[1])) throw new Malformed('mantissa');
    return new Decimal(value[1], value[0]);
  }
}

const isInteger = (value) => typeof value === 'bigint' || Number.isSafeInteger(value);

function decode(data) {
  const reader = new Reader(data), value = reader.item(0);
  if (reader.at !== data.length) throw new Malformed('more than one item');
  return value;
}

// a byte string is a key by its content, which Map does not look at
function getBytes(map, key) {
  for (const [one, value] of map) if (Buffer.isBuffer(one) && one.equals(key)) return value;
  return undefined;
}

module.exports = {Decimal, Float, Malformed, decode, encode, getBytes};
