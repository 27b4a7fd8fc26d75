// The CouchDB protocol as PouchDB speaks it: a database behind HTTP and one that follows it, both in memory. Told what
// to do by a line of JSON each on standard input, it answers with one each; tests/bench/_pouch.py speaks to it.
const path = require("path");
const readline = require("readline");
const peers = path.join(process.env.PEERS, "package.json");
const { createRequire } = require("module");
const of = createRequire(peers);
const PouchDB = of("pouchdb");
PouchDB.plugin(of("pouchdb-adapter-memory"));
const express = createRequire(of.resolve("express-pouchdb"))("express");
const Served = PouchDB.defaults({ adapter: "memory", prefix: "served_" });
const remote = new Served("register");
const local = new PouchDB("replica", { adapter: "memory" });

async function put(docs) {
  for (let at = 0; at < docs.length; at += 2000) {
    const part = docs.slice(at, at + 2000);
    const known = await remote.allDocs({ keys: part.map((doc) => doc._id) });
    const revs = known.rows.map((row) => (row.value && !row.value.deleted ? { _rev: row.value.rev } : {}));
    await remote.bulkDocs(part.map((doc, place) => ({ ...doc, ...revs[place] })));
  }
  return { put: docs.length };
}

async function serve() {
  const app = express();
  const settings = { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: path.join(process.env.SCRATCH, "log") };
  app.use("/db", of("express-pouchdb")(Served, settings));
  const server = app.listen(0, "127.0.0.1");
  await new Promise((heard) => server.once("listening", heard));
  return { port: server.address().port };
}

async function follow(url) {
  const began = performance.now();
  const told = await PouchDB.replicate(url, local, { batch_size: 1000 });
  return { written: told.docs_written, ms: performance.now() - began };
}

const verbs = { serve, put: (asked) => put(asked.docs), follow: (asked) => follow(asked.url) };
(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    console.log(JSON.stringify(await verbs[asked.do](asked)));
  }
  process.exit(0);
})();
