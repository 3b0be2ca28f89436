// Run one test module under MicroPython's WebAssembly build, whose words have 32 bits; print what
// run_micropython.py prints.
//
// Arguments: MicroPython's micropython.mjs, root of the tree, folder of the tests, name of the
// module. Each test is a call of its own from here, as this build collects garbage only when such
// a call has returned.

import fs from "node:fs";
import path from "node:path";

const READ = ["mesh/__init__.py", "mesh/core", "mesh/device", "tests/core", "tests/vectors"];
const ROOT = "/project";
const HEAP = 16 * 1024 * 1024; // to begin with: it grows

function* files(place) {
    if (!fs.statSync(place).isDirectory()) {
        yield place;
        return;
    }
    for (const name of fs.readdirSync(place)) {
        if (name !== "__pycache__") yield* files(path.join(place, name));
    }
}

const [build, root, folder, name] = process.argv.slice(2);
// It looks each function up in a table for every call that may end in an exception: a fifth of its
// time, unless what was found is kept.
const found = [];
const get = WebAssembly.Table.prototype.get;
WebAssembly.Table.prototype.get = function (at) {
    return (found[at] ??= get.call(this, at));
};
const { loadMicroPython } = await import(build);
const mp = await loadMicroPython({
    heapsize: HEAP, linebuffer: true, stdout: (line) => console.log(line),
});
for (const read of READ) {
    for (const file of files(path.join(root, read))) {
        const copy = path.posix.join(ROOT, path.relative(root, file));
        mp.FS.mkdirTree(path.posix.dirname(copy));
        mp.FS.writeFile(copy, fs.readFileSync(file));
    }
}
const place = path.posix.join(ROOT, path.relative(root, folder));
mp.globals.set("where", [ROOT, place, name]);
mp.runPython(`
import sys
sys.path.insert(0, "${ROOT}/tests/core")
import run_micropython
module, tests = run_micropython.load(*where)
`);
for (const test of mp.globals.get("tests")) {
    mp.globals.set("test", test);
    try {
        mp.runPython("run_micropython.report(module, test)");
    } catch (error) { // the build itself failed
        console.log("@" + JSON.stringify([test, String(error)]));
    }
}
