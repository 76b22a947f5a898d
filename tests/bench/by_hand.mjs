// What a good programmer writes in an afternoon instead of running Pavane: Node, better-sqlite3, a table of transitions
// for the order machine, one row an order, each event kept, duplicates by id, and everything that came in one turn of the
// event loop committed together.  No definitions, no patterns, no history, no timers, no second machine.
//   node by_hand.mjs --db FILE      better-sqlite3 is looked for in NODE_PATH
import { createRequire } from "node:module";
import http from "node:http";

const require = createRequire((process.env.NODE_PATH ?? process.cwd()) + "/");
const Database = require("better-sqlite3");
const db = new Database(process.argv[process.argv.indexOf("--db") + 1]);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`CREATE TABLE IF NOT EXISTS event(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS orders(id TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID`);
const next = {
    "": { OrderReceived: "AwaitPayment" },
    AwaitPayment: { PaymentSettled: "AwaitShop", PaymentRefused: "Unpaid" },
    AwaitShop: { ShopAccepted: "AwaitDelivery", ShopDeclined: "AwaitRefund" },
    AwaitDelivery: { ParcelDelivered: "Delivered", OrderWithdrawn: "AwaitRefund" },
    AwaitRefund: { RefundIssued: "PaidBack" },
};
const keep = db.prepare("INSERT INTO event(id, body) VALUES(?, ?) ON CONFLICT DO NOTHING");
const stateOf = db.prepare("SELECT state FROM orders WHERE id = ?").pluck();
const move = db.prepare("INSERT INTO orders VALUES(?, ?) ON CONFLICT DO UPDATE SET state = excluded.state");

function apply(event, text) {
    if (keep.run(event.id, text).changes === 0) return;
    const id = event.detail.orderId;
    const to = next[stateOf.get(id) ?? ""]?.[event["detail-type"]];
    if (to) move.run(id, to);
}
const applyAll = db.transaction((bodies) => {
    for (const body of bodies) {
        const value = JSON.parse(body);
        if (!Array.isArray(value)) apply(value, body);
        else for (const event of value) apply(event, JSON.stringify(event));
    }
});

let waiting = [];
function flush() {
    const now = waiting;
    waiting = [];
    applyAll(now.map((w) => w.body));
    for (const w of now) w.response.end('{"status":"accepted"}');
}
const server = http.createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part) => (body += part));
    request.on("end", () => {
        if (waiting.push({ body, response }) === 1) setImmediate(flush);
    });
});
server.listen(0, "127.0.0.1", () => console.log("http://127.0.0.1:" + server.address().port));
process.on("SIGTERM", () => process.exit(0));
