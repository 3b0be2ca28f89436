'use strict';
// One UDP socket: questions with retransmission, answers with duplicates, blocks and the bound on what
// goes to addresses that have not proven themselves (section 3 of docs/protocol.md).

const crypto = require('node:crypto');
const dgram = require('node:dgram');
const {ACCEPT, ACK, BLOCK2, CON, Message, NON, PATH, QUERY, RST, code, parse} = require('./coap');

const PAUSES_MS = [1100, 2200, 4400, 2000];
const LIFETIME_MS = 10750;
const AMPLIFIED = 3;
const DATAGRAM = 1024, SZX = 5, OVERHEAD = 24;  // bytes of an answer beside its payload, at most
const MOST = {hosts: 256, seen: 256, bodies: 16, blocks: 2048};

function remember(map, key, value, most) {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value);
}

class Endpoint {
  // answer(message, address) gives the whole answer, a Message, or null for silence
  constructor(answer) {
    this.answer = answer;
    this.socket = dgram.createSocket('udp4');
    this.socket.on('message', (data, from) => this.receive(data, [from.address, from.port]));
    this.socket.on('error', () => {});
    this.mid = crypto.randomInt(65536);
    this.waiting = new Map();  // by token: who takes the answer
    this.acknowledged = new Map();  // by message id
    this.seen = new Map();
    this.bodies = new Map();
    this.hosts = new Map();  // bytes that came from addresses without proof, and went there
    this.proven = new Map();
  }

  bind(port, host, done) { this.socket.bind(port, host, () => done(this.socket.address().port)); }
  close() { this.socket.close(); }

  nextMid() { return this.mid = this.mid + 1 & 0xffff; }

  receive(data, address) {
    const message = parse(data);
    if (!this.proven.has(`${address}`)) this.account(address).came += data.length;
    if (message === null) return;
    if (message.code === 0) this.empty(message, address);
    else if (message.code < 32) this.question(message, address, data);
    else this.answered(message, address);
  }

  account(address) {
    const account = this.hosts.get(address[0]) || {came: 0, went: 0};
    remember(this.hosts, address[0], account, MOST.hosts);
    return account;
  }

  room(address) {
    if (this.proven.has(`${address}`)) return DATAGRAM + OVERHEAD;
    const account = this.account(address);
    return AMPLIFIED * account.came - account.went;
  }

  prove(address) { remember(this.proven, `${address}`, true, MOST.hosts); }

  send(data, address) {
    if (!this.proven.has(`${address}`)) {
      if (data.length > this.room(address)) return;
      this.account(address).went += data.length;
    }
    this.socket.send(data, address[1], address[0], () => {});
  }

  empty(message, address) {
    if (message.type === CON) this.reset(message, address);
    const waiting = this.acknowledged.get(message.mid);
    if (waiting && message.type === ACK) waiting();
  }

  reset(message, address) {
    const reply = new Message(0);
    Object.assign(reply, {type: RST, mid: message.mid});
    this.send(reply.bytes(), address);
  }

  answered(message, address) {
    const take = this.waiting.get(message.token.toString('hex'));
    if (take) this.prove(address);
    if (message.type === CON && !take) return this.reset(message, address);
    if (message.type === CON) {
      const reply = new Message(0);
      Object.assign(reply, {type: ACK, mid: message.mid});
      this.send(reply.bytes(), address);
    }
    if (take) take(message);
  }

  question(message, address, data) {
    const key = `${address} ${crypto.createHash('sha256').update(data).digest('hex')}`;
    const before = this.seen.get(key);
    if (before && Date.now() - before.at < LIFETIME_MS) return before.reply && this.send(before.reply, address);
    const answer = this.block(message, address);
    let reply = null;
    if (answer) {
      answer.type = message.type === CON ? ACK : NON;
      answer.mid = message.type === CON ? message.mid : this.nextMid();
      answer.token = message.token;
      reply = answer.bytes();
      this.send(reply, address);
    }
    remember(this.seen, key, {at: Date.now(), reply}, MOST.seen);
  }

  // the block that is asked for, of an answer that is made once; smaller where there is little room
  block(message, address) {
    const asked = message.uint(BLOCK2) ?? SZX, szx = Math.min(asked & 7, SZX);
    const key = [address, message.code, message.texts(PATH), message.texts(QUERY), message.uint(ACCEPT),
      message.payload.toString('hex')].join(' ');
    const number = asked >> 4;
    if ((asked & 7) === 7) return new Message(code('4.00'), Buffer.from('SZX 7'));
    let whole = number ? this.bodies.get(key) : this.answer(message, address);
    if (!whole) return number ? new Message(code('4.08')) : whole;
    remember(this.bodies, key, whole, MOST.bodies);
    const bare = whole.bytes().length - whole.payload.length + OVERHEAD;
    const room = Math.min(this.room(address), DATAGRAM + OVERHEAD) - bare;
    if (!message.has(BLOCK2) && whole.payload.length <= room) return copied(whole, whole.payload);
    if (whole.code >= code('4.00')) return copied(whole, whole.payload.subarray(0, Math.max(0, room)));
    let fits = szx;
    while (fits > 0 && (16 << fits) > room) fits--;
    const at = number * (16 << szx), end = at + (16 << fits);
    const more = end < whole.payload.length;
    const piece = copied(whole, whole.payload.subarray(at, end));
    return piece.add(BLOCK2, at / (16 << fits) << 4 | (more ? 8 : 0) | fits);
  }

  // the answer to a question, whole; null if none came
  async ask(message, address) {
    let body = Buffer.alloc(0);
    for (let i = 0; i < MOST.blocks; i++) {
      const answer = await this.exchange(message, address);
      const block = answer && answer.uint(BLOCK2);
      if (block === null || answer.code >= code('4.00')) return answer;
      const size = 16 << (block & 7);
      if ((block >> 4) * size !== body.length) return null;
      body = Buffer.concat([body, answer.payload]);
      answer.payload = body;
      if (!(block & 8)) return answer;
      message.options = message.options.filter(([n]) => n !== BLOCK2);
      message.add(BLOCK2, body.length / size << 4 | block & 7);
    }
    return null;
  }

  exchange(message, address) {
    message.mid = this.nextMid();
    message.token = crypto.randomBytes(4);
    const data = message.bytes(), token = message.token.toString('hex');
    return new Promise((resolve) => {
      let tries = 0, timer = null;
      const end = (answer) => {
        clearTimeout(timer);
        this.waiting.delete(token);
        this.acknowledged.delete(message.mid);
        resolve(answer);
      };
      const again = () => {
        if (tries === PAUSES_MS.length) return end(null);
        this.socket.send(data, address[1], address[0], () => {});
        timer = setTimeout(again, PAUSES_MS[tries++]);
      };
      this.waiting.set(token, end);
      this.acknowledged.set(message.mid, () => {
        clearTimeout(timer);
        timer = setTimeout(() => end(null), LIFETIME_MS);
      });
      again();
    });
  }
}

function copied(message, payload) {
  const copy = new Message(message.code, payload);
  copy.options = [...message.options];
  return copy;
}

module.exports = {Endpoint};
