#!/usr/bin/env python3
"""Cases whose answers another program works out: this one, from the text of the language's specification.

  oracle.py            compares cases/asl/oracle_*.json with what it makes
  oracle.py --write    writes them

Choice operators over many values, intrinsic functions, and data through Pass states.  Nothing here looks at what Pavane
does.  A case is one machine; a Choice is asked of a whole list of values, in a Map.
"""
import base64
import datetime
import hashlib
import json
import os
import random
import re
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases", "asl")


def case(name, definition, given, output):
    return {"id": name, "kind": "execution", "type": "STANDARD", "definition": definition, "input": given,
            "expect": {"status": "SUCCEEDED", "output": output}}


# ---- Choice

TEXTS = ["", "a", "A", "ab", "b", "10", "9", "\u00e9", "e\u0301", "\uffff", "\U0001f600", "a*", "a\\", "*"]
NUMBERS = [0, -0.0, 1, -1, 1.5, 1e3, 1000, 2 ** 53, 2 ** 53 + 2, -2.5, 1e-7, 123456789.25]
TIMES = ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00.001Z",
         "2024-02-29T12:30:00-05:30", "1999-12-31T23:59:59Z"]
OTHERS = [True, False, None, [], {}, ["a"], {"a": 1}, "not a time"]
VALUES = TEXTS[:8] + NUMBERS[:8] + TIMES + OTHERS
RELATIONS = {"Equals": lambda c: c == 0, "LessThan": lambda c: c < 0, "GreaterThan": lambda c: c > 0,
             "LessThanEquals": lambda c: c <= 0, "GreaterThanEquals": lambda c: c >= 0}


def units(text):
    """Strings are compared as the service's language has them: by UTF-16 unit."""
    return [int.from_bytes(text.encode("utf-16-be", "surrogatepass")[i:i + 2], "big") for i in range(0, 2 * len16(text), 2)]


def len16(text):
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def instant(v):
    found = isinstance(v, str) and re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", v)
    if not found:
        return None
    base = datetime.datetime.fromisoformat(found.group(1) + ("+00:00" if found.group(3) == "Z" else found.group(3)))
    return base.timestamp() + float(found.group(2) or 0)


def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def order(kind, x, y):
    """-1, 0, 1; None: they are not of this kind."""
    if kind == "String" and isinstance(x, str) and isinstance(y, str):
        x, y = units(x), units(y)
    elif kind == "Numeric" and is_number(x) and is_number(y):
        x, y = float(x), float(y)
    elif kind == "Timestamp" and instant(x) is not None and instant(y) is not None:
        x, y = instant(x), instant(y)
    else:
        return None
    return (x > y) - (x < y)


def matches(pattern, text):
    if not isinstance(text, str):
        return False
    out, i = "", 0
    while i < len(pattern):
        if pattern[i] == "\\":
            out, i = out + re.escape(pattern[i + 1]), i + 2
        else:
            out, i = out + (".*" if pattern[i] == "*" else re.escape(pattern[i])), i + 1
    return re.fullmatch(out, text, re.S) is not None


IS = {"IsNull": lambda v: v is None, "IsPresent": lambda v: True, "IsNumeric": is_number, "IsString": lambda v: isinstance(v, str),
      "IsBoolean": lambda v: isinstance(v, bool), "IsTimestamp": lambda v: instant(v) is not None}


def asked(rule):
    """Which of the values a rule holds for: a Map over a Choice."""
    ends = {w: {"Type": "Pass", "Result": w == "Yes", "End": True} for w in ("Yes", "No")}
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"}
    return {"StartAt": "Each", "States": {"Each": {
        "Type": "Map", "End": True, "ItemProcessor": {"StartAt": "Ask", "States": {"Ask": choice, **ends}}}}}


def of_values(name, rule, holds):
    return case(name, asked({"Variable": "$.v", **rule}), [{"v": v} for v in VALUES], [bool(holds(v)) for v in VALUES])


def compared(kind, operands):
    for relation, fits in RELATIONS.items():
        def holds(x, y):
            c = order(kind, x, y)
            return c is not None and fits(c)
        for i, operand in enumerate(operands):
            yield of_values("oracle/%s%s/%d" % (kind, relation, i), {kind + relation: operand}, lambda v: holds(v, operand))
        pairs = [(x, y) for x in VALUES[::2] for y in operands[:3] + OTHERS[:3]]
        yield case("oracle/%s%sPath" % (kind, relation), asked({"Variable": "$.v", kind + relation + "Path": "$.o"}),
                   [{"v": x, "o": y} for x, y in pairs], [holds(x, y) for x, y in pairs])


def choices():
    yield from compared("String", TEXTS)
    yield from compared("Numeric", NUMBERS)
    yield from compared("Timestamp", TIMES)
    for operand in (True, False):
        yield of_values("oracle/BooleanEquals/%s" % operand, {"BooleanEquals": operand},
                        lambda v: isinstance(v, bool) and v == operand)
        for name, fits in IS.items():
            yield of_values("oracle/%s/%s" % (name, operand), {name: operand}, lambda v: fits(v) == operand)
    for i, pattern in enumerate(["*", "a*", "*b", "a*b", "\\*", "a\\*", "a\\\\", "", "**", "1*", "*0*", "\u00e9", "*Z", "20*-*:*"]):
        yield of_values("oracle/StringMatches/%d" % i, {"StringMatches": pattern}, lambda v: matches(pattern, v))
    yield from combined()


def combined():
    """And, Or and Not, nested by chance."""
    dice = random.Random(11)

    def rule(depth):
        kind = dice.choice(["And", "Or", "Not", "leaf", "leaf"] if depth < 3 else ["leaf"])
        if kind == "leaf":
            name = dice.choice(list(IS))
            operand = dice.random() < 0.5
            return {"Variable": "$.v", name: operand}, lambda v: IS[name](v) == operand
        if kind == "Not":
            inner, holds = rule(depth + 1)
            return {"Not": inner}, lambda v: not holds(v)
        parts = [rule(depth + 1) for _ in range(dice.randint(1, 3))]
        join = all if kind == "And" else any
        return {kind: [p for p, _ in parts]}, lambda v: join(h(v) for _, h in parts)

    for i in range(40):
        made, holds = rule(0)
        yield case("oracle/combined/%d" % i, asked(made), [{"v": v} for v in VALUES], [holds(v) for v in VALUES])


# ---- intrinsic functions

def function(name, call, given, output):
    return case("oracle/" + name, {"StartAt": "Do", "States": {
        "Do": {"Type": "Pass", "Parameters": {"is.$": call}, "End": True}}}, given, {"is": output})


def partition(v, n):
    return [v[i:i + n] for i in range(0, len(v), n)]


def unique(v):
    out = []
    for x in v:
        if not any(json.dumps(x, sort_keys=True) == json.dumps(y, sort_keys=True) for y in out):
            out.append(x)
    return out


def span(first, last, step):
    return list(range(first, last + (1 if step > 0 else -1), step))


def split(text, separators):
    return [p for p in re.split("[" + re.escape(separators) + "]", text) if p != ""]


def intrinsics():
    lists = [[], [1], [1, 2, 3, 4, 5], ["a", "b", "a"], [1, 1.0, "1", None, None, True, [1], [1], {"a": 1}, {"a": 1}], [[1, 2], [3]]]
    texts = ["", "a", "Hello", "1,2,3", "a,b.c,d", ",,x,,", "\u00e9t\u00e9", "\U0001f600 smile", "{}", "back\\slash", "line\nfeed"]
    for i, v in enumerate(lists):
        for n in (1, 2, 4):
            yield function("ArrayPartition/%d-%d" % (i, n), "States.ArrayPartition($.v, %d)" % n, {"v": v}, partition(v, n))
        yield function("ArrayLength/%d" % i, "States.ArrayLength($.v)", {"v": v}, len(v))
        for j in range(len(v)):
            yield function("ArrayGetItem/%d-%d" % (i, j), "States.ArrayGetItem($.v, %d)" % j, {"v": v}, v[j])
    yield function("ArrayUnique/texts", "States.ArrayUnique($.v)", {"v": lists[3]}, unique(lists[3]))
    yield function("ArrayUnique/lists", "States.ArrayUnique($.v)", {"v": [[1], [2], [1]]}, [[1], [2]])
    for first, last, step in ((1, 9, 2), (0, 5, 1), (5, 0, -1), (9, 1, -3), (3, 3, 1), (-4, 4, 4)):
        yield function("ArrayRange/%d_%d_%d" % (first, last, step), "States.ArrayRange(%d, %d, %d)" % (first, last, step), {},
                       span(first, last, step))
    for i, (v, x) in enumerate([([1, 2], 2), ([1, 2], 3), (["a"], "a"), ([[1]], [1]), ([{"a": 1}], {"a": 1}), ([], None), ([None], None)]):
        yield function("ArrayContains/%d" % i, "States.ArrayContains($.v, $.x)", {"v": v, "x": x}, x in v)
    for i, t in enumerate(texts):
        coded = base64.b64encode(t.encode()).decode()
        yield function("Base64Encode/%d" % i, "States.Base64Encode($.t)", {"t": t}, coded)
        yield function("Base64Decode/%d" % i, "States.Base64Decode($.t)", {"t": coded}, t)
        for name in ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"):
            made = hashlib.new(name.replace("-", "").lower(), t.encode()).hexdigest()
            yield function("Hash/%s-%d" % (name, i), "States.Hash($.t, '%s')" % name, {"t": t}, made)
        yield function("StringSplit/%d" % i, "States.StringSplit($.t, ',.')", {"t": t}, split(t, ",."))
        yield function("StringToJson/%d" % i, "States.StringToJson($.t)", {"t": json.dumps({"k": [t, 1, None]})}, {"k": [t, 1, None]})
        yield function("Format/%d" % i, "States.Format('<{}> is {}', $.t, %d)" % i, {"t": t}, "<%s> is %d" % (t, i))
    for i, (x, y) in enumerate([(1, 2), (-5, 3), (0, 0), (2147483000, 600), (-2147483000, -600)]):
        yield function("MathAdd/%d" % i, "States.MathAdd($.x, $.y)", {"x": x, "y": y}, x + y)
    for i, (x, y) in enumerate([({}, {}), ({"a": 1}, {"b": 2}), ({"a": 1, "b": 1}, {"b": 2}), ({"a": {"x": 1}}, {"a": {"y": 2}})]):
        yield function("JsonMerge/%d" % i, "States.JsonMerge($.x, $.y, false)", {"x": x, "y": y}, {**x, **y})
    nested = "States.ArrayLength(States.StringSplit(States.Format('{},{}', $.t, $.t), ','))"
    yield function("nested", nested, {"t": "a,b"}, 4)


# ---- data through a state

def put(document, keys, value):
    if not keys:
        return value
    out = dict(document) if isinstance(document, dict) else {}
    out[keys[0]] = put(out.get(keys[0]), keys[1:], value)
    return out


def get(document, keys):
    for key in keys:
        document = document[key]
    return document


def path(keys):
    return "$" + "".join("." + k for k in keys)


def flows():
    dice = random.Random(12)
    given = {"a": {"b": {"c": 1, "d": [1, 2]}, "e": "text"}, "f": {"g": None, "h": True}, "n": 5}
    places = [[], ["a"], ["a", "b"], ["f"], ["a", "e"]]
    for i in range(120):
        state, into = {"Type": "Pass", "End": True}, given
        if dice.random() < 0.6:
            keys = dice.choice(places)
            state["InputPath"], into = path(keys), get(given, keys)
        if dice.random() < 0.2:
            state["InputPath"], into = None, {}
        result = into
        if dice.random() < 0.5:
            state["Parameters"] = {"whole.$": "$", "fixed": {"x": [1, "$.not.a.path"]}, "name.$": "$$.State.Name"}
            result = {"whole": into, "fixed": {"x": [1, "$.not.a.path"]}, "name": "Move"}
        if dice.random() < 0.3:
            state["Result"] = result = {"r": i}
        out = result
        if dice.random() < 0.6:
            keys = dice.choice([["z"], ["a", "z"], ["new", "deep", "er"], ["f"]])
            state["ResultPath"], out = path(keys), put(given, keys, result)
        elif dice.random() < 0.2:
            state["ResultPath"], out = None, given
        if dice.random() < 0.4 and isinstance(out, dict) and out:
            key = dice.choice(sorted(out))
            state["OutputPath"], out = path([key]), out[key]
        yield case("oracle/flow/%d" % i, {"StartAt": "Move", "States": {"Move": state}}, given, out)


FILES = {"oracle_choice.json": choices, "oracle_intrinsic.json": intrinsics, "oracle_flow.json": flows}


def main():
    wrong = 0
    for name, make in FILES.items():
        text = json.dumps({"about": "Made by oracle.py.", "cases": list(make())}, indent=None, ensure_ascii=True)
        text = text.replace(', {"id": ', ',\n{"id": ') + "\n"
        where = os.path.join(FOLDER, name)
        if "--write" in sys.argv:
            with open(where, "w") as f:
                f.write(text)
        elif not os.path.exists(where) or open(where).read() != text:
            print("%s is not what oracle.py makes: run it with --write, and look at what changed" % where)
            wrong += 1
    print("%d passed, %d failed, 0 skipped" % (len(FILES) - wrong, wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
