'use strict';
// CoAP messages (RFC 7252 section 3), and what section 3 of docs/protocol.md asks of an endpoint.

const CON = 0, NON = 1, ACK = 2, RST = 3;
const GET = 1, POST = 2, PUT = 3, FETCH = 5;
const OBSERVE = 6, PATH = 11, FORMAT = 12, MAX_AGE = 14, QUERY = 15, ACCEPT = 17,
  BLOCK2 = 23, ECHO = 252;
// of each option that is understood: the longest value, and whether it may be repeated
const KNOWN = {3: [255], 4: [8, true], 6: [3], 7: [2], 11: [255, true], 12: [2], 14: [4],
  15: [255, true], 17: [2], 23: [3], 28: [4], 35: [1034], 39: [255], 60: [4], 252: [40],
  258: [1], 292: [8, true]};
const MOST_OPTIONS = 64;

const code = (text) => (text[0] - 0) << 5 | text.slice(2) - 0;  // '4.04'
const number = (value) => value.reduce((sum, byte) => sum * 256 + byte, 0);

function bytesOf(n) {
  const out = [];
  for (; n > 0; n = Math.floor(n / 256)) out.unshift(n % 256);
  return Buffer.from(out);
}

class Message {
  constructor(code, payload = Buffer.alloc(0)) {
    Object.assign(this, {type: CON, code, mid: 0, token: Buffer.alloc(0), options: [], payload});
  }

  add(option, value) {
    if (typeof value === 'number') value = bytesOf(value);
    this.options.push([option, Buffer.from(value)]);
    return this;
  }

  all(option) { return this.options.filter(([n]) => n === option).map(([, value]) => value); }
  get(option) { return this.all(option)[0]; }
  has(option) { return this.get(option) !== undefined; }
  uint(option) { const value = this.get(option); return value ? number(value) : null; }
  texts(option) { return this.all(option).map(String); }

  // the first critical option that is not understood, or null
  unknown() {
    let last = -1;
    for (const [n, value] of this.sorted()) {
      const known = KNOWN[n], again = n === last && !(known && known[1]);
      if (n % 2 && (!known || value.length > known[0] || again)) return n;
      last = n;
    }
    return null;
  }

  sorted() { return this.options.map((one, i) => [...one, i]).sort((a, b) => a[0] - b[0] || a[2] - b[2]); }

  bytes() {
    const parts = [Buffer.from([0x40 | this.type << 4 | this.token.length, this.code,
      this.mid >> 8, this.mid & 255]), this.token];
    let last = 0;
    const part = (n) => n < 13 ? [n, []] : n < 269 ? [13, [n - 13]]
      : [14, [(n - 269) >> 8, (n - 269) & 255]];
    for (const [n, value] of this.sorted()) {
      const [delta, more] = part(n - last), [size, rest] = part(value.length);
      parts.push(Buffer.from([delta << 4 | size, ...more, ...rest]), value);
      last = n;
    }
    if (this.payload.length) parts.push(Buffer.from([0xff]), this.payload);
    return Buffer.concat(parts);
  }
}

// null for what is no message
function parse(data) {
  const length = data[0] & 15;
  if (data.length < 4 + length || data[0] >> 6 !== 1 || length > 8) return null;
  const message = new Message(data[1]);
  if (message.code === 0 && data.length > 4) return null;
  message.type = data[0] >> 4 & 3;
  message.mid = data.readUInt16BE(2);
  message.token = Buffer.from(data.subarray(4, 4 + length));
  let at = 4 + length, last = 0;
  const extended = (n) => {
    if (n < 13) return n;
    if (n === 15 || at + n - 12 > data.length) throw new RangeError();
    at += n - 12;
    return n === 13 ? data[at - 1] + 13 : data.readUInt16BE(at - 2) + 269;
  };
  try {
    while (at < data.length && data[at] !== 0xff) {
      const first = data[at++];
      last += extended(first >> 4);
      const size = extended(first & 15);
      if (at + size > data.length || message.options.length >= MOST_OPTIONS) return null;
      message.options.push([last, Buffer.from(data.subarray(at, at += size))]);
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  if (at === data.length - 1) return null;
  message.payload = Buffer.from(data.subarray(at + 1));
  return message;
}

module.exports = {ACCEPT, ACK, BLOCK2, CON, ECHO, FETCH, FORMAT, GET, MAX_AGE, Message,
  NON, OBSERVE, PATH, POST, PUT, QUERY, RST, code, parse};
