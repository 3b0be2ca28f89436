'use strict';
// The vectors in tests/vectors/ that this peer's code has to hold, told as one line of JSON for each that it does not.

const fs = require('node:fs');
const path = require('node:path');
const {decode, encode} = require('./cbor');
const {readHead, readRun, Followed} = require('./feeds');

const vectors = (name) => JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'vectors', `${name}.json`)));
const bytes = (hex) => Buffer.from(hex, 'hex');

function holds(work) {
  try {
    return work() !== false;
  } catch (error) {
    return false;
  }
}

function seams(one) {
  const run = readRun(decode(bytes(one.run)));
  return run.before.equals(new Followed(bytes(one.author)).seam(one.seq)) && run.first === one.seq + 1;
}

// by what a vector is of: whether it is as it has to be
const JUDGES = {
  'run': (one) => holds(() => readRun(decode(bytes(one.hex)))),
  'unknown run': (one) => holds(() => readRun(decode(bytes(one.hex)))),
  'refused run': (one) => !holds(() => readRun(decode(bytes(one.hex)))),
  'head': (one) => holds(() => readHead(bytes(one.hex)).seq === one.seq),
  'seam': (one) => holds(() => seams(one)),
  'dialogue': (one) => [one.question, one.answer].every((hex) => encode(decode(bytes(hex))).equals(bytes(hex))),
};

let tried = 0;
const wrong = [...vectors('feeds'), ...vectors('exchanges')].filter((one) => {
  const judge = JUDGES[one.what];
  tried += judge ? 1 : 0;
  return judge && !judge(one);
});
console.log(JSON.stringify({tried, wrong}));
