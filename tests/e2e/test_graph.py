"""The layout of graphs: geometry of every definition at hand, crossings beside Graphviz's.

Definitions: machines/, generated ones up to 500 states, and those of
PAVANE_CONFORMANCE/asl when it is there.
"""
import glob
import json
import os
import random
import subprocess
import tempfile
import unittest
from statistics import median

from harness import PAVANE, TOP, cli, main

CONFORMANCE = os.environ.get("PAVANE_CONFORMANCE")
SLACK = 0.25  # places are printed with one decimal


# ---- definitions

def generated(rng, count, depth=0):
    """A machine as people write them: a chain with choices, handlers, loops, containers."""
    names = ["S%d_%d" % (depth, i) for i in range(count)]
    states, i = {}, 0
    while i < count:
        name, after = names[i], names[i + 1] if i + 1 < count else None
        kind = rng.random()
        state = {"Type": "Pass"}
        if after is None:
            state = {"Type": "Succeed"}
        elif kind < 0.25:
            others = rng.sample(names[i + 1:min(count, i + 9)], min(2, len(names[i + 1:i + 9])))
            if rng.random() < 0.25 and i > 2:
                others.append(names[rng.randrange(max(0, i - 8), i)])
            state = {"Type": "Choice", "Default": after,
                     "Choices": [{"Variable": "$.kind", "StringEquals": o, "Next": o} for o in others]}
        elif kind < 0.75:
            state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": after}
            if rng.random() < 0.3:
                state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": names[-1] if rng.random() < 0.7 else after}]
        elif kind < 0.82 and depth < 2 and count > 6:
            state = {"Type": "Parallel", "Next": after,
                     "Branches": [generated(rng, rng.randint(1, 4), depth * 40 + i + j * 7 + 3) for j in range(2)]}
        elif kind < 0.87 and depth < 2:
            state = {"Type": "Map", "Next": after, "Iterator": generated(rng, rng.randint(1, 4), depth * 90 + i + 11)}
        else:
            state["Next"] = after
        states[name] = state
        i += 1
    return {"StartAt": names[0], "States": states}


def definitions():
    for path in sorted(glob.glob(os.path.join(TOP, "machines", "*", "machine.asl.json"))):
        yield path, json.load(open(path))
    rng = random.Random(11)
    for count in [1, 2, 3, 5, 8] + [13, 20, 30, 40, 50, 60] * 3 + [80, 200, 200, 500]:
        yield "generated %d" % count, generated(rng, count)
    for path in sorted(glob.glob(os.path.join(CONFORMANCE, "asl", "*.json"))) if CONFORMANCE else []:
        seen = set()
        for case in json.load(open(path))["cases"]:
            definition = case.get("definition")
            if isinstance(definition, str):
                try:
                    definition = json.loads(definition)
                except ValueError:
                    continue
            text = json.dumps(definition)
            if isinstance(definition, dict) and definition.get("States") and text not in seen:
                seen.add(text)
                yield case["id"], definition


def laid_out(definition):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump(definition, f)
        f.flush()
        code, out, errors = cli("graph", "--json", f.name)
    # faults are reported and drawn around
    return json.loads(out) if code in (0, 1) and out else errors


# ---- geometry

def overlap(a, b):
    return (a[0] + SLACK < b[0] + b[2] and b[0] + SLACK < a[0] + a[2] and
            a[1] + SLACK < b[1] + b[3] and b[1] + SLACK < a[1] + a[3])


def encloses(outer, inner):
    return (inner[0] >= outer[0] - SLACK and inner[1] >= outer[1] - SLACK and
            inner[0] + inner[2] <= outer[0] + outer[2] + SLACK and
            inner[1] + inner[3] <= outer[1] + outer[3] + SLACK)


def on_border(p, box):
    x, y, w, h = box
    inside = x - SLACK <= p[0] <= x + w + SLACK and y - SLACK <= p[1] <= y + h + SLACK
    near = min(abs(p[0] - x), abs(p[0] - x - w), abs(p[1] - y), abs(p[1] - y - h))
    return inside and near <= SLACK


def bezier(p, q, r, s, steps=10):
    for i in range(1, steps + 1):
        t = i / steps
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3
        yield (a * p[0] + b * q[0] + c * r[0] + d * s[0], a * p[1] + b * q[1] + c * r[1] + d * s[1])


def drawn(edge):
    """The edge as the SVG draws it: straight inside ranks, curved between."""
    p = edge["points"]
    if edge["from"] == edge["to"]:
        return [p[0], *bezier(*p)]
    line = [p[0]]
    for i in range(1, len(p)):
        middle = (p[i - 1][1] + p[i][1]) / 2
        line += [p[i]] if i % 2 else bezier(p[i - 1], (p[i - 1][0], middle), (p[i][0], middle), p[i])
    return line


def crossings(lines):
    """Places where two lines cross properly; several lines on one another count once."""
    pieces = [(i, a, b) for i, line in enumerate(lines) for a, b in zip(line, line[1:]) if a != b]
    pieces.sort(key=lambda s: min(s[1][1], s[2][1]))
    places = set()
    for n, (i, a, b) in enumerate(pieces):
        low = max(a[1], b[1])
        for j, c, d in pieces[n + 1:]:
            if min(c[1], d[1]) > low:
                break
            if i == j or max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]):
                continue
            side = lambda p, q, r: (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
            s1, s2, s3, s4 = side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)
            if s1 * s2 < -1e-9 and s3 * s4 < -1e-9:
                t = s3 / (s3 - s4)
                places.add((round((a[0] + t * (b[0] - a[0])) / 3), round((a[1] + t * (b[1] - a[1])) / 3)))
    return len(places)


def graphviz(scope_nodes, scope_edges):
    """Graphviz's lines for one scope, with the same boxes."""
    ids = {n["key"]: "n%d" % i for i, n in enumerate(scope_nodes)}
    text = ["digraph{nodesep=0.45;ranksep=0.5;node[shape=box,fixedsize=true,label=\"\"]"]
    for n in scope_nodes:
        text.append("%s[width=%.2f,height=%.2f]" % (ids[n["key"]], n["box"][2] / 72, n["box"][3] / 72))
    for e in scope_edges:
        label = ",label=\"%s\"" % ("x" * min(30, len(e["label"]))) if e.get("label") else ""
        text.append("%s->%s[arrowhead=none%s]" % (ids[e["a"]], ids[e["b"]], label))
    out = json.loads(subprocess.run(["dot", "-Tjson"], input=";\n".join(text) + "}", capture_output=True, text=True,
                                    check=True).stdout)
    lines = []
    for e in out.get("edges", []):
        pos = e["pos"].split(" ")
        p = [tuple(map(float, c.split(","))) for c in pos if c[0] not in "es"]
        line = [p[0]]
        for i in range(0, len(p) - 3, 3):
            line += bezier(*p[i:i + 4])
        lines.append(line)
    return lines


class Layout(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.graphs = []
        for name, definition in definitions():
            cls.graphs.append((name, definition, laid_out(definition)))

    def each(self):
        for name, definition, graph in self.graphs:
            with self.subTest(name):
                self.assertIsInstance(graph, dict, graph)
                yield name, definition, graph

    def scopes(self, graph):
        for scope in {n["scope"] for n in graph["nodes"]}:
            nodes = [n for n in graph["nodes"] if n["scope"] == scope]
            for n in nodes:
                n["key"] = n["kind"] if n["kind"] != "state" else "s" + n["name"]
            edges = [e for e in graph["edges"] if e["scope"] == scope]
            for e in edges:
                e["a"] = "start" if e["kind"] == "start" else "s" + e["from"]
                e["b"] = "end" if e["kind"] == "end" else "s" + e["to"]
            yield nodes, edges

    def test_all_states_are_there(self):
        def names(d):
            for name, state in d["States"].items():
                yield name
                inside = state.get("Branches", []) if state.get("Type") == "Parallel" else \
                    [state.get("ItemProcessor") or state.get("Iterator")] if state.get("Type") == "Map" else []
                for i in inside:
                    if isinstance(i, dict) and i.get("States"):
                        yield from names(i)
        for name, definition, graph in self.each():
            self.assertEqual(sorted(names(definition)), sorted(n["name"] for n in graph["nodes"] if n["kind"] == "state"))

    def test_no_overlap(self):
        """Boxes and labels of a scope lie beside one another."""
        for name, _, graph in self.each():
            for nodes, edges in self.scopes(graph):
                boxes = [n["box"] for n in nodes] + [e["labelBox"] for e in edges if "labelBox" in e]
                boxes.sort(key=lambda b: b[1])
                for i, a in enumerate(boxes):
                    for b in boxes[i + 1:]:
                        if b[1] > a[1] + a[3]:
                            break
                        self.assertFalse(overlap(a, b), (a, b))

    def test_containers_enclose(self):
        for name, _, graph in self.each():
            by_name = {n["name"]: n for n in graph["nodes"] if n["kind"] == "state"}
            whole = [0, 0, graph["width"], graph["height"]]
            for n in graph["nodes"]:
                self.assertTrue(encloses(by_name[n["in"]]["box"] if n["in"] else whole, n["box"]), n)
            for nodes, edges in self.scopes(graph):
                holder = by_name[nodes[0]["in"]]["box"] if nodes[0]["in"] else whole
                for e in edges:
                    for p in e["points"]:
                        self.assertTrue(encloses(holder, [p[0], p[1], 0, 0]), e)

    def test_edges_end_on_their_nodes(self):
        """And pass through no other."""
        for name, _, graph in self.each():
            for nodes, edges in self.scopes(graph):
                box = {n["key"]: n["box"] for n in nodes}
                for e in edges:
                    line = drawn(e)
                    self.assertTrue(on_border(line[0], box[e["a"]]), e)
                    self.assertTrue(on_border(line[-1], box[e["b"]]), e)
                    for key, b in box.items():
                        inner = [b[0] + 1, b[1] + 1, b[2] - 2, b[3] - 2]
                        if min(p[1] for p in line) > inner[1] + inner[3] or max(p[1] for p in line) < inner[1]:
                            continue
                        for p in line:
                            self.assertFalse(encloses(inner, [p[0], p[1], 0, 0]), (key, e))

    def test_same_bytes(self):
        for name, definition, graph in self.each():
            if name.startswith("generated"):
                again = laid_out(definition)
                self.assertEqual([n["box"] for n in graph["nodes"]], [n["box"] for n in again["nodes"]])
                self.assertEqual([e["points"] for e in graph["edges"]], [e["points"] for e in again["edges"]])

    @unittest.skipUnless(os.path.exists("/usr/bin/dot"), "no Graphviz here")
    def test_crossings(self):
        """At most 1.5 times Graphviz's, in the median of those where either has any."""
        ratios, ours, theirs = [], 0, 0
        for name, _, graph in self.each():
            if not 6 <= len(graph["nodes"]) <= 140:  # beyond, Graphviz takes minutes
                continue
            here = there = 0
            for nodes, edges in self.scopes(graph):
                here += crossings([drawn(e) for e in edges])
                there += crossings(graphviz(nodes, edges))
            ours, theirs = ours + here, theirs + there
            if here or there:
                ratios.append(here / max(there, 1))
        print("  %d graphs with crossings: ratio median %.2f; all together %d against %d"
              % (len(ratios), median(ratios), ours, theirs))
        self.assertLessEqual(median(ratios), 1.5)
        self.assertLessEqual(ours, 1.5 * theirs)


class Command(unittest.TestCase):
    def test_svg(self):
        code, out, _ = cli("graph", os.path.join(TOP, "machines", "car"))
        self.assertEqual(code, 0)
        self.assertIn('data-state="AwaitListing"', out)
        self.assertTrue(out.startswith("<svg "))
        subprocess.run(["python3", "-c", "import sys, xml.dom.minidom as m; m.parse(sys.stdin)"], input=out, text=True,
                       check=True)

    def test_faults_are_said(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            f.write('{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nowhere"}}}')
            f.flush()
            code, out, errors = cli("graph", f.name)
        self.assertEqual(code, 1)
        self.assertIn('data-state="A"', out)
        self.assertIn("Nowhere", errors)

    def test_dense_machines(self):
        """What would cost too much is drawn plainer; boxes still lie apart."""
        rng = random.Random(3)
        for count, degree in ((1000, 5), (1900, 1), (120, 119)):
            states = {"s%d" % i: {"Type": "Choice", "Default": "s%d" % (i + 1), "Choices": [
                {"Variable": "$.x", "IsPresent": True, "Next": "s%d" % rng.randrange(count)} for _ in range(degree)]}
                for i in range(count)}
            states["s%d" % count] = {"Type": "Succeed"}
            graph = laid_out({"StartAt": "s0", "States": states})
            self.assertIsInstance(graph, dict, graph)
            boxes = sorted((n["box"] for n in graph["nodes"]), key=lambda b: b[1])
            self.assertGreater(len(boxes), count)
            for i, a in enumerate(boxes):
                for b in boxes[i + 1:]:
                    if b[1] > a[1] + a[3]:
                        break
                    self.assertFalse(overlap(a, b), (count, degree, a, b))

    def test_names_are_xml(self):
        names = ["\u0001\u0002x", "\ufffe", "a<b&'\"", "\u000b"]
        states = {n: {"Type": "Pass", "Next": names[i + 1]} if i + 1 < len(names) else {"Type": "Succeed"}
                  for i, n in enumerate(names)}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            json.dump({"StartAt": names[0], "States": states}, f)
            f.flush()
            _, out, _ = cli("graph", f.name)
        subprocess.run(["python3", "-c", "import sys, xml.dom.minidom as m; m.parse(sys.stdin)"], input=out, text=True,
                       check=True)

    def test_refusals(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            f.write('{"StartAt": "A"}')
            f.flush()
            for args, code, said in ((["graph"], 2, "one definition"), (["graph", "/no/such"], 1, "/no/such"),
                                     (["graph", f.name], 1, "no States")):
                got, _, errors = cli(*args)
                self.assertEqual(got, code, errors)
                self.assertIn(said, errors)

    def test_the_pictures_of_the_systems_are_their_machines(self):
        """graph.svg beside each definition of machines/ is what is drawn now, and its README shows it."""
        definitions = glob.glob(os.path.join(TOP, "machines", "**", "machine.asl.json"), recursive=True)
        self.assertGreater(len(definitions), 20)
        for path in definitions:
            folder = os.path.dirname(path)
            _, drawn, _ = cli("graph", folder)
            picture = os.path.join(folder, "graph.svg")
            self.assertTrue(os.path.exists(picture) and open(picture).read() == drawn,
                            "draw it again: pavane graph %s --out %s" % (folder, picture))
            system = os.path.join(TOP, "machines", os.path.relpath(path, os.path.join(TOP, "machines")).split(os.sep)[0])
            self.assertIn("](%s)" % os.path.relpath(picture, system), open(os.path.join(system, "README.md")).read())


if __name__ == "__main__":
    main()
