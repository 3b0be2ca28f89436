'use strict';
// A peer of the minimum (docs/minimum.md), by docs/protocol.md, with node and nothing else, no code of this project:
//   node peer.js [--name NAME] [--port PORT] [--every MS] [--peer HOST:PORT]...
// It makes a key for each start, writes a reading into its own feed at that interval, answers whoever asks, and
// follows the peers at the addresses given. What happens is told as lines of JSON.

const crypto = require('node:crypto');
const {Decimal, Float, Malformed, decode, encode, getBytes} = require('./cbor');
const {ACCEPT, ECHO, FETCH, FORMAT, GET, MAX_AGE, Message, OBSERVE, PATH, PUT, QUERY, POST, code} = require('./coap');
const {Endpoint} = require('./endpoint');
const {END, Followed, Own, isCount, readHead, readRun} = require('./feeds');
const {COUNTER, EDDSA, ID, Identity, Refused, check, sha256, split} = require('./signing');

const LINKS = 40, COSE = 18, JSON_TEXT = 50, CBOR = 60, SENML_JSON = 110, SENML_CBOR = 112, PROBLEM = 257;
const BODY = 3600;  // bytes of an answer to FETCH /feeds
const WISHES = 33, ECHOES = 3, CHECKS_PER_S = 50;
const POLL_MS = 1000, LONGEST_PAUSE_MS = 60000;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

function base32(bytes) {
  let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  bits = bits.padEnd(Math.ceil(bits.length / 5) * 5, '0');
  return bits.match(/.{5}/g).map((five) => ALPHABET[parseInt(five, 2)]).join('');
}

function fromBase32(text) {
  const bits = [...text].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((eight) => parseInt(eight, 2)));
}

// a value of CBOR as JSON has it
function plain(value) {
  if (value instanceof Decimal) return Number(value.mantissa) * 10 ** value.exponent;
  if (value instanceof Float) return value.value;
  if (Buffer.isBuffer(value)) return value.length === ID ? base32(value) : value.toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [plain(key), plain(one)]));
  return typeof value === 'bigint' ? Number(value) : value;
}

class Peer {
  constructor(name, tell) {
    this.name = name;
    this.tell = tell;
    this.identity = new Identity(crypto.randomBytes(32));
    this.own = new Own(this.identity);
    this.endpoint = new Endpoint((message, address) => this.answer(message, address));
    this.started = Date.now();
    this.neighbours = [];
    this.followed = new Map();  // by id as text
    this.verified = this.refused = 0;
    this.checks = {at: 0, left: CHECKS_PER_S};
    this.latest = null;
  }

  get id() { return this.identity.id; }
  clock() { return [1, 1, Date.now() - this.started, Date.now()]; }

  measure() {
    this.latest = new Decimal(Math.round(2000 + 100 * Math.sin(Date.now() / 60000)), -2);
    const record = new Map([[0, 'temperature'], [1, 'Cel'], [2, this.latest]]);
    this.own.write(this.clock(), 'reading', [record]);
    this.tell({event: 'wrote', seq: this.own.seq});
  }

  // ---- what others ask

  answer(message, address) {
    let opened = null;
    try {
      this.look(message);
      const signed = message.uint(FORMAT) === COSE;
      if (signed) opened = this.open(message);
      return this.reply(message, opened);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Malformed)) throw error;
      this.refused++;
      return this.refusal(error.code || '4.00', error.message, opened);
    }
  }

  look(message) {
    if (message.has(35) || message.has(39)) throw new Refused('5.05', 'no proxy');
    const unknown = message.unknown();
    if (unknown !== null) throw new Refused('4.02', `option ${unknown}`);
    if (![GET, POST, PUT, FETCH].includes(message.code)) throw new Refused('4.05', 'no such method');
    if (message.texts(PATH).some((part) => part === '.' || part === '..')) throw new Refused('4.00', 'dots');
  }

  open(message) {
    const now = Date.now();
    if (now - this.checks.at > 1000) this.checks = {at: now, left: CHECKS_PER_S};
    if (this.checks.left-- <= 0) throw new Refused('4.29', 'too many');
    const part = split(message.payload);
    if (!Buffer.isBuffer(part.kid) || part.kid.length !== ID || !Buffer.isBuffer(part.counter)
      || part.counter.length !== COUNTER) throw new Refused('4.00', 'no kid or cti');
    check(part, part.kid, this.requestAad(this.id, message));
    this.verified++;
    return {...part, digest: sha256(message.payload)};
  }

  requestAad(recipient, message) {
    return encode(['othermesh-request', recipient, message.code, message.texts(PATH), message.texts(QUERY),
      message.uint(OBSERVE), message.uint(ACCEPT), message.get(ECHO) ?? null]);
  }

  seal(message, opened, format, payload) {
    const aad = encode(['othermesh-response', opened.kid, opened.digest, message.code, null]);
    const fields = [[1, EDDSA]];
    if (payload.length) fields.push([3, format]);
    message.payload = this.identity.sign1(fields, aad, payload);
    return message.add(FORMAT, COSE);
  }

  refusal(text, why, opened) {
    const message = new Message(code(text), Buffer.from(why));
    if (text === '4.29') message.add(MAX_AGE, 1);
    return opened ? this.seal(message, opened, PROBLEM, encode(new Map([[-1, why]]))) : message;
  }

  reply(message, opened) {
    const path = message.texts(PATH).join('/');
    if (!opened && message.code !== GET) throw new Refused('4.01', 'not signed');
    if (message.code === PUT && /^actuators\/[^/]+$/.test(path)) throw new Refused('4.03', 'nobody sets anything here');
    const reads = message.code === GET || message.code === FETCH;
    const [content, formats] = this.content(path, message, reads ? this.body(opened) : null);
    if (!reads) throw new Refused('4.05', 'this resource can only be read');
    const [format, payload, proof] = this.formatted(content, formats, message.uint(ACCEPT), opened);
    const answer = new Message(code('2.05'), payload);
    if (opened) return this.seal(answer, opened, format, payload);
    if (!proof) return answer.add(FORMAT, format);
    const fields = [[1, EDDSA], [3, format], [4, this.id], [15, new Map([[7, this.identity.nextCounter()]])]];
    answer.payload = this.identity.sign1(fields, Buffer.alloc(0), payload);
    return answer.add(FORMAT, COSE);
  }

  body(opened) {
    if (!opened || !opened.payload.length) return null;
    if (opened.format !== CBOR && opened.format !== SENML_CBOR) throw new Refused('4.15', 'only CBOR (60)');
    return decode(opened.payload);
  }

  // content and the formats that it has: of text, and of CBOR
  content(path, message, body) {
    const any = [JSON_TEXT, CBOR], records = [SENML_JSON, SENML_CBOR];
    switch (path) {
      case '.well-known/core': return [this.links(message.texts(QUERY)), [LINKS]];
      case 'peer': return [this.about(), any];
      case 'peers': return [this.known(), any];
      case 'time': return [this.clock(), any];
      case 'actuators': return [new Map(), any];
      case 'feeds': return [this.feeds(message, body), any];
      case 'sensors': return [this.pack(), records];
      case 'sensors/temperature':
        if (this.latest === null) throw new Refused('5.03', 'no reading yet');
        return [this.pack(), records];
      default: throw new Refused('4.04', 'nothing here: GET /.well-known/core lists what there is');
    }
  }

  formatted(content, formats, accept, opened) {
    if (formats[0] === LINKS) {
      if (accept !== null && accept !== LINKS && accept !== COSE) throw new Refused('4.06', 'link format (40)');
      return [LINKS, Buffer.from(content), accept === COSE];
    }
    const proof = accept === COSE && !opened;
    if (proof || accept === formats[1] || (accept === null && opened)) return [formats[1], encode(content), proof];
    if (accept !== null && accept !== formats[0]) throw new Refused('4.06', `Accept ${formats.join(' or ')}`);
    const named = formats[0] === SENML_JSON ? content.map(senmlNames) : content;
    return [formats[0], Buffer.from(JSON.stringify(plain(named))), false];
  }

  links(queries) {
    const all = [['peer', `rt="othermesh.peer";ep="${base32(this.id)}"`], ['peers', 'rt="othermesh.peers"'],
      ['time', 'rt="othermesh.time"'], ['feeds', 'rt="othermesh.feeds"'], ['sensors', 'rt="othermesh.sensors"'],
      ['sensors/temperature', 'rt="othermesh.sensor"'], ['actuators', 'rt="othermesh.actuators"']];
    const matches = ([path, attributes]) => queries.every((query) => {
      const [key, wanted = ''] = query.split(/=(.*)/s);
      const found = key === 'href' ? `/${path}` : (attributes.match(new RegExp(`(?:^|;)${key.replace(/\W/g, '')}="([^"]*)"`)) || [])[1];
      return found !== undefined && (wanted.endsWith('*') ? found.startsWith(wanted.slice(0, -1)) : found === wanted);
    });
    return all.filter(matches).map(([path, attributes]) => `</${path}>;${attributes}`).join(',');
  }

  about() {
    return new Map(Object.entries({id: this.id, name: this.name, kind: 'other', version: 1, clock: this.clock(),
      uptime: Math.floor((Date.now() - this.started) / 1000), boots: 1, sensors: ['temperature'], actuators: [],
      heap: null, verified: this.verified, refused: this.refused, faults: 0, keeps: false}));
  }

  known() {
    return this.neighbours.filter((one) => one.up).map((one) =>
      [one.id, one.name, [one.address.join(':')], Math.floor((Date.now() - one.heard) / 1000)]);
  }

  pack() {
    if (this.latest === null) return [];
    return [new Map([[-2, `urn:othermesh:${base32(this.id)}:`], [0, 'temperature'], [1, 'Cel'], [2, this.latest]])];
  }

  feeds(message, body) {
    const queries = message.texts(QUERY), head = this.own.seq ? [this.own.head()] : [];
    if (queries.includes('evidence')) return new Map();
    if (body === null) return head;
    if (!(body instanceof Map)) throw new Refused('4.00', 'not a map of authors to seqs');
    const named = [...body].filter(([key]) => Buffer.isBuffer(key));
    if (named.length > WISHES) throw new Refused('4.13', `at most ${WISHES} wishes`);
    if (named.some(([, seq]) => seq !== null && !isCount(seq) && seq !== END)) throw new Refused('4.00', 'no seq');
    const most = Math.min(BODY, ...queries.map((one) => Number((one.match(/^max=(\d+)$/) || [0, BODY])[1])));
    const mine = getBytes(body, this.id), cursor = getBytes(body, Buffer.alloc(0));
    const found = mine === null ? head : mine === undefined ? [] : this.own.runs(Number(mine), most);
    if (cursor === undefined || cursor === null) return found;
    const news = mine === undefined && cursor !== this.own.seq ? head : [];
    return [...found, ...news, this.own.seq];
  }

  // ---- what this one asks

  async ask(peer, address, path, body, queries = []) {
    let echo = null;
    for (let i = 0; i < ECHOES; i++) {
      const message = new Message(FETCH);
      for (const part of path.split('/')) message.add(PATH, part);
      for (const part of queries) message.add(QUERY, part);
      if (echo) message.add(ECHO, echo);
      const payload = body === null ? Buffer.alloc(0) : encode(body);
      const fields = [[1, EDDSA], [4, this.id], [15, new Map([[7, this.identity.nextCounter()]])]];
      if (payload.length) fields.push([3, CBOR]);
      message.payload = this.identity.sign1(fields, this.requestAad(peer, message), payload);
      message.add(FORMAT, COSE);
      const digest = sha256(message.payload), answer = await this.endpoint.ask(message, address);
      echo = answer && answer.code === code('4.01') ? answer.get(ECHO) : null;
      if (!echo) return this.opened(peer, digest, answer);
    }
    return null;
  }

  // the content of a signed 2.05, decoded; null for all else
  opened(peer, digest, answer) {
    if (!answer || answer.uint(FORMAT) !== COSE || answer.code !== code('2.05')) return null;
    try {
      const part = split(answer.payload);
      check(part, peer, encode(['othermesh-response', this.id, digest, answer.code, answer.uint(OBSERVE)]));
      return decode(part.payload);
    } catch (error) {
      if (error instanceof Refused || error instanceof Malformed) return null;
      throw error;
    }
  }

  // follow whoever is at an address, for good
  async follow(address) {
    const neighbour = {address, id: null, name: '', up: false, heard: 0, cursor: 0};
    this.neighbours.push(neighbour);
    for (let pause = POLL_MS; ;) {
      const ok = await (neighbour.up ? this.poll(neighbour) : this.meet(neighbour));
      pause = ok ? POLL_MS : Math.min(LONGEST_PAUSE_MS, pause * 2);
      if (!ok) neighbour.up = false;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async meet(neighbour) {
    const message = new Message(GET).add(PATH, '.well-known').add(PATH, 'core').add(QUERY, 'rt=othermesh.peer');
    const links = await this.endpoint.ask(message, neighbour.address);
    const found = links && links.payload.toString().match(/;ep="([a-z2-7]{52})"/);
    if (!found) return false;
    const id = fromBase32(found[1]), about = await this.ask(id, neighbour.address, 'peer', null);
    if (!(about instanceof Map)) return false;
    Object.assign(neighbour, {id, up: true, heard: Date.now(), name: String(about.get('name')), cursor: 0});
    if (!this.followed.has(found[1])) this.followed.set(found[1], new Followed(id));
    this.tell({event: 'met', id: found[1], name: neighbour.name});
    return true;
  }

  async poll(neighbour) {
    const wishes = new Map([...this.followed.values()].filter((one) => !one.forked)
      .slice(0, WISHES - 1).map((one) => [one.author, one.next]));
    wishes.set(Buffer.alloc(0), neighbour.cursor);
    const items = await this.ask(neighbour.id, neighbour.address, 'feeds', wishes);
    if (!Array.isArray(items)) return false;
    neighbour.heard = Date.now();
    for (const item of items) this.item(item, neighbour);
    return true;
  }

  item(item, neighbour) {
    if (isCount(item)) {
      neighbour.cursor = item;
      return;
    }
    try {
      if (Buffer.isBuffer(item)) this.headOf(readHead(item));
      else if (Array.isArray(item) && Buffer.isBuffer(item[0])) this.run(readRun(item), neighbour);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Malformed)) throw error;
      this.refused++;
    }
  }

  headOf({author, seq}) {
    const feed = this.followed.get(base32(author));
    if (feed) feed.wanted = Math.max(feed.wanted, seq);
  }

  run(run, neighbour) {
    const feed = this.followed.get(base32(run.author));
    if (!feed) return;
    for (const [seq, , kind] of feed.take(run, run.author.equals(neighbour.id))) {
      this.tell({event: 'entry', author: base32(run.author), seq, kind: String(kind)});
    }
  }
}

const SENML = {'-2': 'bn', '-3': 'bt', '-4': 'bu', 0: 'n', 1: 'u', 2: 'v', 3: 'vs', 4: 'vb', 6: 't'};
const senmlNames = (record) => new Map([...record].map(([key, value]) => [SENML[key] ?? String(key), value]));

function main(words) {
  const given = {name: 'other', port: '0', every: '1000', host: '127.0.0.1', peer: []};
  for (let i = 0; i + 1 < words.length; i += 2) {
    const key = words[i].replace('--', '');
    if (key === 'peer') given.peer.push(words[i + 1]);
    else given[key] = words[i + 1];
  }
  const peer = new Peer(given.name, (event) => console.log(JSON.stringify(event)));
  peer.endpoint.bind(Number(given.port), given.host, (port) => {
    peer.measure();
    peer.tell({event: 'up', id: base32(peer.id), address: `${given.host}:${port}`});
    setInterval(() => peer.measure(), Number(given.every));
    for (const address of given.peer) {
      const [, host, number] = address.match(/^(.*):(\d+)$/);
      peer.follow([host, Number(number)]);
    }
  });
}

if (require.main === module) main(process.argv.slice(2));
module.exports = {Peer};
