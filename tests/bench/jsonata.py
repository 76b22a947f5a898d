#!/usr/bin/env python3
"""Everyday expressions of JSONata beside the reference implementation on node, in one run.

  jsonata.py [--build DIR] [--repeat N] [--times N]

Both evaluate the same expressions over a document of 1.5 KB, by turns; medians are
printed, and the ratio.  Writes DIR/bench/jsonata.json.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXPRESSIONS = """order.customer.address.city
order.items[qty > 1].sku
$sum(order.items.(qty * price))
order.items^(>price)[0].sku
$map(order.items, function($i) { {"sku": $i.sku, "total": $i.qty * $i.price} })
$filter(order.items, function($i) { $i.price >= 10 }).sku
$reduce(order.items, function($a, $i) { $a + $i.qty }, 0)
$merge([order.customer, {"vip": true}])
order.items{category: $sum($.(qty * price))}
$sort(order.items, function($a, $b) { $a.price > $b.price }).sku
$count(order.items[category = "book"]) > 2 ? "many" : "few"
"Order " & order.id & " of " & $uppercase(order.customer.name) & ": " & $string(order.total)
{"id": order.id, "skus": order.items.sku, "city": order.customer.address.city, "n": $count(order.items)}
($total := $sum(order.items.price); $average := $total / $count(order.items); {"total": $total, "average": $round($average, 2)})
"""


def document():
    items = [{"sku": "sku-%03d" % i, "qty": 1 + i % 4, "price": 3.5 * (i + 1), "category": ("book", "toy", "food")[i % 3]} for i in range(20)]
    return {"order": {"id": "order-1234", "total": 735.25, "items": items,
                      "customer": {"name": "Ada Lovelace", "mail": "ada@example.com", "address": {"city": "London", "zip": "N1 9GU"}}}}


def ask(command):
    p = subprocess.run(command, capture_output=True, text=True)
    if p.returncode != 0:
        sys.exit(p.stderr)
    return [[float(x) for x in line.split()] for line in p.stdout.splitlines()]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--times", type=int, default=5000)
    o = p.parse_args()
    reference = os.path.join(o.build, "tools", "node_modules", "jsonata")
    if not os.path.isdir(reference):
        sys.exit("jsonata.py: %s is not there: npm install --prefix %s jsonata@2.0.6" % (reference, os.path.join(o.build, "tools")))
    folder = os.path.join(o.build, "bench")
    os.makedirs(folder, exist_ok=True)
    files = [os.path.join(folder, name) for name in ("jsonata-document.json", "jsonata-expressions.txt")]
    text = json.dumps(document(), separators=(",", ":"))
    for path, content in zip(files, (text, EXPRESSIONS)):
        with open(path, "w") as f:
            f.write(content)
    ours, theirs = [], []
    for _ in range(o.repeat):
        ours.append(ask([os.path.join(o.build, "tests", "bench_jsonata"), *files, str(o.times)]))
        theirs.append(ask(["node", os.path.join(TOP, "tests", "bench", "jsonata.mjs"), reference, *files, str(o.times)]))
    rows = []
    print("document: %d bytes\n%9s %9s %7s   %9s %9s  us: evaluated; read, evaluated, printed" % (len(text), "here", "node", "ratio", "here", "node"))
    for i, line in enumerate(EXPRESSIONS.splitlines()):
        a, b = [[statistics.median(r[i][k] for r in runs) / 1e3 for k in (0, 1)] for runs in (ours, theirs)]
        rows.append({"expression": line, "us": a, "node_us": b})
        print("%9.2f %9.2f %7.3f   %9.2f %9.2f  %s" % (a[0], b[0], a[0] / b[0], a[1], b[1], line[:60]))
    median = statistics.median(r["us"][0] for r in rows)
    ratio = sum(r["us"][0] for r in rows) / sum(r["node_us"][0] for r in rows)
    print("median %.2f us; all together %.3f of node's time (at most 0.2)" % (median, ratio))
    with open(os.path.join(folder, "jsonata.json"), "w") as f:
        json.dump({"rows": rows, "median": median, "ratio": ratio}, f, indent=1)


if __name__ == "__main__":
    main()
