'use strict';
// Section 6 of docs/protocol.md: the own feed, and the feeds of others as they are checked.

const {Malformed, decode, encode} = require('./cbor');
const {EDDSA, ID, Refused, check, sha256, split} = require('./signing');

const NAME = Buffer.from('othermesh feed v1');
const HEAD = encode(['othermesh-head']);
const END = 2n ** 53n;
const RUN = 700, ENTRY = 512, TAIL = 512;  // bytes of a run's entries, of an entry; entries kept

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isClock = (value) => Array.isArray(value) && value.length >= 4 && value.slice(0, 3).every(isCount)
  && (value[3] === null || isCount(value[3]));

class Own {
  constructor(identity) {
    this.identity = identity;
    this.first = 1;  // seq of entries[0]
    this.entries = [];
    this.links = [sha256(NAME, identity.id)];  // links[0] is the one before entries[0]
  }

  get seq() { return this.first + this.entries.length - 1; }

  write(clock, kind, body) {
    const entry = encode([this.seq + 1, clock, kind, body]);
    if (entry.length > ENTRY) throw new RangeError('an entry that is too long');
    this.links.push(sha256(this.links[this.links.length - 1], entry));
    this.entries.push(entry);
    if (this.entries.length > TAIL) {
      this.entries.shift();
      this.links.shift();
      this.first++;
    }
  }

  head(seq = this.seq) {
    const link = this.links[seq - this.first + 1];
    return this.identity.sign1([[1, EDDSA], [4, this.identity.id]], HEAD, encode([seq, link]));
  }

  // runs from a seq on, of so many bytes together
  runs(from, most) {
    const found = [];
    let seq = Math.max(from, this.first);
    while (seq <= this.seq) {
      let last = seq, size = 260 + this.entries[seq - this.first].length;
      while (last < this.seq && size + this.entries[last + 1 - this.first].length < RUN) {
        size += this.entries[++last - this.first].length + 3;
      }
      if (found.length && size > most) break;
      most -= size;
      const at = seq - this.first;
      found.push([this.identity.id, seq, this.links[at],
        this.entries.slice(at, last - this.first + 1), this.head(last)]);
      seq = last + 1;
    }
    return found;
  }
}

// the author, seq and link of a head. Refused
function readHead(data) {
  const part = split(data), id = part.kid;
  if (!Buffer.isBuffer(id) || id.length !== ID) throw new Refused('4.00', 'a head of nobody');
  check(part, id, HEAD);
  const [seq, link] = decode(part.payload);
  if (!isCount(seq) || !Buffer.isBuffer(link) || link.length !== ID) throw new Refused('4.00', 'no head');
  return {author: id, seq, link};
}

// a run that holds: its entries as [seq, clock, kind, body, ...]. Refused, Malformed
function readRun(value) {
  const [author, first, before, entries, head] = value;
  if (!Buffer.isBuffer(author) || author.length !== ID || !isCount(first) || first < 1
    || !Buffer.isBuffer(before) || before.length !== ID || !Array.isArray(entries) || !entries.length
    || !Buffer.isBuffer(head) || (first === 1 && !before.equals(sha256(NAME, author)))) {
    throw new Refused('4.00', 'no run');
  }
  let link = before;
  const read = [], links = [];
  for (const data of entries) {
    if (!Buffer.isBuffer(data) || data.length > ENTRY) throw new Refused('4.13', 'no entry');
    const entry = decode(data);
    if (!Array.isArray(entry) || entry.length < 4 || entry[0] !== first + read.length || !isClock(entry[1])) {
      throw new Refused('4.00', 'no entry');
    }
    link = sha256(link, data);
    read.push(entry);
    links.push(link);
  }
  const end = readHead(head), last = first + read.length - 1;
  if (!end.author.equals(author) || end.seq !== last || !end.link.equals(link)) {
    throw new Refused('4.00', 'a head of other entries');
  }
  return {author, first, before, last, links, entries: read};
}

// What is held of somebody else: where it goes on, and the link there
class Followed {
  constructor(author) {
    Object.assign(this, {author, next: 1, link: sha256(NAME, author), forked: 0, wanted: 0});
  }

  seam(seq) {
    const eight = Buffer.alloc(8);
    eight.writeBigUInt64BE(BigInt(seq));
    return sha256(NAME, this.author, eight);
  }

  // the entries of a run that are new; `own`: the author itself gave it, so nothing older is to be had
  take(run, own) {
    if (this.forked || run.last < this.next) return [];
    if (run.first > this.next) {
      this.wanted = Math.max(this.wanted, run.last);
      if (!own && !run.before.equals(this.seam(run.first - 1))) return [];
    } else {
      const before = run.first === this.next ? run.before : run.links[this.next - 1 - run.first];
      if (!before.equals(this.link)) {
        this.forked = this.next - 1 || 1;
        return [];
      }
    }
    const found = run.entries.filter((entry) => entry[0] >= this.next);
    this.next = run.last + 1;
    this.link = run.links[run.links.length - 1];
    return found;
  }
}

module.exports = {END, Followed, Malformed, Own, isCount, readHead, readRun};
