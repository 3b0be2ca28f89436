'use strict';
// Section 4 of docs/protocol.md: COSE_Sign1 by Ed25519, and what a signature is bound to.

const crypto = require('node:crypto');
const {Malformed, decode, encode} = require('./cbor');

const EDDSA = -19;
const PRIVATE = Buffer.from('302e020100300506032b657004220420', 'hex');  // PKCS 8, before the secret
const PUBLIC = Buffer.from('302a300506032b6570032100', 'hex');  // SPKI, before the key
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const Y8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const LOW_ORDER = new Set([1n, P - 1n, 0n, Y8, P - Y8]);
const SIGNATURE = 64, ID = 32, COUNTER = 8;

class Refused extends Error {
  constructor(code, detail) { super(detail); this.code = code; }
}

const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();
const little = (bytes) => BigInt('0x' + Buffer.from(bytes).reverse().toString('hex'));

class Identity {
  constructor(secret) {
    this.key = crypto.createPrivateKey(
      {key: Buffer.concat([PRIVATE, secret]), format: 'der', type: 'pkcs8'});
    this.id = crypto.createPublicKey(this.key).export({format: 'der', type: 'spki'}).subarray(-ID);
    this.counter = BigInt(Date.now()) * 1000n;  // never the same, also after a restart
  }

  nextCounter() {
    const out = Buffer.alloc(COUNTER);
    out.writeBigUInt64BE(++this.counter);
    return out;
  }

  sign1(fields, aad, payload) {
    const header = encode(new Map(fields));
    const signed = encode(['Signature1', header, aad, payload]);
    return encode([header, new Map(), payload, crypto.sign(null, signed, this.key)]);
  }
}

function verify(id, signature, data) {
  const y = little(id) & (1n << 255n) - 1n;
  if (id.length !== ID || y >= P || LOW_ORDER.has(y) || little(signature.subarray(32)) >= L) return false;
  const key = crypto.createPublicKey({key: Buffer.concat([PUBLIC, id]), format: 'der', type: 'spki'});
  return crypto.verify(null, data, key, signature);
}

// What a COSE_Sign1 says, before its signature is checked
function split(data) {
  let parts, fields;
  try {
    parts = decode(data);
    fields = decode(parts[0]);
  } catch (error) {
    throw new Refused('4.00', 'not a COSE_Sign1');
  }
  const [header, unprotected, payload, signature] = Array.isArray(parts) ? parts : [];
  const claims = fields instanceof Map ? fields.get(15) : undefined;
  if (parts.length !== 4 || !(fields instanceof Map) || !(unprotected instanceof Map) || unprotected.size
    || !Buffer.isBuffer(payload) || !Buffer.isBuffer(signature) || signature.length !== SIGNATURE) {
    throw new Refused('4.00', 'not a COSE_Sign1');
  }
  if (fields.get(1) !== EDDSA) throw new Refused('4.00', 'an algorithm that is not known');
  if (fields.has(2)) throw new Refused('4.00', 'a critical label that is not known');
  const counter = claims instanceof Map ? claims.get(7) : undefined;
  return {header, payload, signature, format: fields.get(3) ?? null, kid: fields.get(4), counter};
}

function check(part, id, aad) {
  const signed = encode(['Signature1', part.header, aad, part.payload]);
  if (!verify(id, part.signature, signed)) throw new Refused('4.01', 'wrong signature');
}

module.exports = {EDDSA, ID, COUNTER, Identity, Malformed, Refused, check, sha256, split};
