"""JSONata where people meet it: machines, rules, refusals, hostile expressions, the command."""
import json
import os
import shutil
import tempfile
import unittest

from harness import Daemon, cli, main, until

ROLE = "arn:aws:iam::000000000000:role/none"
SHOP = {"QueryLanguage": "JSONata", "StartAt": "Sum", "States": {
    "Sum": {"Type": "Pass", "Assign": {"total": "{% $sum($states.input.items.(qty * price)) %}"},
            "Output": {"id": "{% $states.input.id %}", "skus": "{% $states.input.items.sku %}"}, "Next": "Paid"},
    "Paid": {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken",
             "Arguments": {"EventPattern": {"detail-type": ["Order Paid"]}},
             "Output": {"total": "{% $total %}", "paid": "{% $states.result.detail.amount >= $total %}", "skus": "{% $states.input.skus %}"},
             "End": True}}}
RULES = {"correlationId": "{% $lowercase(detail.shop) & '-' & detail.id %}",
         "start": [{"pattern": {"detail-type": ["Order Placed"]},
                    "inputTransformer": {"InputPathsMap": {"id": "{% $uppercase(detail.id) %}", "items": "{% detail.items[qty > 0] %}"},
                                         "InputTemplate": "{\"id\": <id>, \"items\": <items>}"}}],
         "resume": [{"pattern": {"detail-type": ["Order Paid"]}}]}
PLACED = {"source": "shop", "detail-type": "Order Placed", "detail": {"shop": "North", "id": "o1", "items": [
    {"sku": "a", "qty": 2, "price": 3.5}, {"sku": "b", "qty": 0, "price": 9}, {"sku": "c", "qty": 1, "price": 10}]}}
PAID = {"source": "shop", "detail-type": "Order Paid", "detail": {"shop": "NORTH", "id": "o1", "amount": 17}}
# each of them would last for long, or hold much
HOSTILE = {
    "loop": "($f := function($n){$f($n + 1)}; $f(0))",
    "maps": "$map([1..2000], function($x){$map([1..2000], function($y){$x * $y})})",
    "range": "[1..1e7]",
    "growth": "$reduce([1..60], function($a, $v){$a & $a}, 'ab')",
    "lists": "$reduce([1..100000], function($a, $v){$append($a, $v)})",
    "regex": "$match('%s!', /(a|aa)+$/)" % ("a" * 90),
    "recursion": "($f := function($n){1 + $f($n + 1)}; $f(0))",
    "calls": "($f := function($x){$map([1], $f)}; $f(1))",
    "functions": "($f := function($g, $n){$n = 0 ? $g(1) : $f($g ~> $string, $n - 1)}; $f($string, 20000))",
    "shared": "$reduce([1..40], function($a, $v){{'a': $a, 'b': $a}}, {})",
    "compared": "($x := $reduce([1..40], function($a, $v){[[$a], [$a]]}, []); $y := $reduce([1..40], function($a, $v){[[$a], [$a]]}, []); $x = $y)",
    "merged": "$reduce([1..10000], function($a, $v){$merge([$a, {$string($v): 1}])}, {})",
    "picture": "$fromMillis(0, $pad('', 1000000, '[Y]'))",
    "texts": "($s := $pad('', 1000000, 'x'); $t := $s & ''; $map([1..3000], function($x){$s < $t}))",
    "in": "($a := [1..30000]; [1..30000][-1 in $a])",
    "matches": "[1..100000][$contains('aaaaaaaaaaaaaab', /^(a+)+$/)]",
    "places": "$contains($pad('', 100000, 'aaaaaaaaaab'), /(a+)+$/)",
    "nested": "$reduce([1..5000], function($a, $v){[[$a]]})",
    "cycle": "($o := {'a': 1} ~> |$|{'self': $}|; $reduce([1..60], function($a, $v){$a ~> |**|{'more': $a}|}, $o))",
}


class Case(unittest.TestCase):
    def machine(self, name, definition):
        status, answer = self.d.aws("CreateStateMachine", name=name, definition=json.dumps(definition), roleArn=ROLE)
        self.assertEqual(status, 200, answer)
        return answer["stateMachineArn"]

    def start(self, arn, value):
        status, answer = self.d.aws("StartExecution", stateMachineArn=arn, input=json.dumps(value))
        self.assertEqual(status, 200, answer)
        return answer["executionArn"]

    def describe(self, execution):
        return self.d.aws("DescribeExecution", executionArn=execution)[1]

    def ended(self, execution):
        return until(lambda: (lambda d: d if d["status"] != "RUNNING" else None)(self.describe(execution)))

    def events(self, execution):
        return self.d.aws("GetExecutionHistory", executionArn=execution)[1]["events"]


class Machines(Case):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pavane-jsonata-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        os.makedirs(os.path.join(self.folder, "shop"))
        for name, content in (("machine.asl.json", SHOP), ("rules.json", RULES)):
            with open(os.path.join(self.folder, "shop", name), "w") as f:
                json.dump(content, f)
        self.d = Daemon(self.folder).start()
        self.addCleanup(self.d.__exit__)

    def test_from_the_door_to_the_end(self):
        self.assertEqual(cli("validate", os.path.join(self.folder, "shop"))[:2], (0, "1 valid\n"))
        self.assertEqual(self.d.post([PLACED])[1]["results"][0]["dispositions"][0]["disposition"], "started")
        [x] = self.d.executions(correlationId="north-o1")
        self.assertEqual((x["status"], x["currentStates"]), ("RUNNING", ["Paid"]))
        self.d.kill()  # what was computed is in the store
        self.d.start()
        self.assertEqual(self.d.post([PAID])[1]["results"][0]["dispositions"][0]["disposition"], "resumed")
        [x] = self.d.executions(correlationId="north-o1")
        self.assertEqual(x["status"], "SUCCEEDED")
        last = self.d.history(x["executionId"])[-1]
        self.assertEqual(json.loads(last["executionSucceededEventDetails"]["output"]), {"total": 17, "paid": True, "skus": ["a", "c"]})
        self.assertEqual(json.loads(self.d.history(x["executionId"])[0]["executionStartedEventDetails"]["input"])["id"], "O1")

    def test_an_event_without_the_id(self):
        event = {"source": "shop", "detail-type": "Order Placed", "detail": {"shop": 5, "id": "o2"}}
        [result] = self.d.post([event])[1]["results"]
        self.assertIn("no correlation id: {% $lowercase(detail.shop)", json.dumps(result))

    def test_faults_have_their_place(self):
        path = os.path.join(self.folder, "shop", "machine.asl.json")
        text = json.dumps(SHOP, indent=1).replace("{% $total %}\",", "{% '\\u0041\\u00e9\\u20ac\\ud83d\\ude00' & $total + %}\",", 1)
        with open(path, "w") as f:
            f.write(text)
        code, out, _ = cli("validate", path)
        line = next(n for n, l in enumerate(text.split("\n"), 1) if "$total + %}" in l)
        column = text.split("\n")[line - 1].index("$total + ") + len("$total + ")
        self.assertEqual(code, 1)
        self.assertIn("%s:%d:%d: error: INVALID_JSONATA_EXPRESSION: Unexpected end of expression" % (path, line, column), out)


class Api(Case):
    def setUp(self):
        self.d = Daemon().start()
        self.addCleanup(self.d.__exit__)

    def test_refused_with_the_place(self):
        definition = {"QueryLanguage": "JSONata", "StartAt": "E", "States": {"E": {"Type": "Pass", "Output": {"v": "{% phone.number %}"}, "End": True}}}
        status, answer = self.d.aws("CreateStateMachine", name="m", definition=json.dumps(definition), roleArn=ROLE)
        self.assertEqual((status, answer["__type"], answer["message"]), (400, "InvalidDefinition",
                         "Invalid State Machine Definition: 'UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is "
                         "not supported. at /States/E/Output/v'"))

    def test_evaluation_failed(self):
        arn = self.machine("m", {"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Pass", "Output": {"x": ["{% $states.input.none %}"]}, "End": True}}})
        execution = self.start(arn, {})
        d = self.ended(execution)
        said = ("An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression "
                "'$states.input.none' specified for the field 'Output/x[0]' returned nothing (undefined).")
        self.assertEqual((d["status"], d["error"], d["cause"]), ("FAILED", "States.QueryEvaluationError", said))
        event = self.events(execution)[2]
        self.assertEqual(event["type"], "EvaluationFailed")
        self.assertEqual(event["evaluationFailedEventDetails"],
                         {"error": "States.QueryEvaluationError", "cause": said, "state": "A", "location": "Output/x[0]"})

    def test_the_members_of_an_object(self):
        definition = {"QueryLanguage": "JSONata", "StartAt": "Each", "States": {"Each": {
            "Type": "Map", "Items": "{% $states.input.shops %}", "End": True,
            "ItemSelector": {"name": "{% $states.context.Map.Item.Key %}", "open": "{% $states.context.Map.Item.Value.open %}"},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "One",
                              "States": {"One": {"Type": "Pass", "Output": "{% $states.input.name & ':' & $states.input.open %}",
                                                 "End": True}}}}}}
        shops = {"shops": {"north": {"open": 1}, "south": {"open": 2}}}
        answer = self.ended(self.start(self.machine("members", definition), shops))
        self.assertEqual((answer["status"], json.loads(answer.get("output", "null"))), ("SUCCEEDED", ["north:1", "south:2"]), answer)
        definition["States"]["Each"]["ItemProcessor"]["ProcessorConfig"] = {"Mode": "INLINE"}
        answer = self.ended(self.start(self.machine("inline", definition), shops))
        self.assertEqual((answer["status"], answer["error"]), ("FAILED", "States.QueryEvaluationError"))
        self.assertIn("Expected 'array', but was 'object'", answer["cause"])

    def test_hostile_ones_stop_nobody(self):
        calm = self.machine("calm", {"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Pass", "Output": "{% $states.input.n * 2 %}", "End": True}}})
        hostile = {name: self.machine(name, {"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Pass", "Output": "{% " + text + " %}", "End": True}}}) for name, text in HOSTILE.items()}
        started = {}
        for n, (name, arn) in enumerate(hostile.items()):
            started[name] = self.start(arn, {})
            self.assertEqual(self.ended(self.start(calm, {"n": n}))["output"], str(2 * n))
        for name, execution in started.items():
            with self.subTest(name):
                d = self.ended(execution)
                self.assertEqual((d["status"], d["error"]), ("FAILED", "States.QueryEvaluationError"))
                self.assertLess(d["stopDate"] - d["startDate"], 1)

    def test_command(self):
        code, out, _ = cli("eval", "$sum($states.input.items.price)", "--input", "-", stdin='{"items":[{"price":2},{"price":0.5}]}')
        self.assertEqual((code, out), (0, "2.5\n"))
        code, _, said = cli("eval", "{\"a\":\n 1 + \"x\"}")
        self.assertEqual(code, 1)
        self.assertEqual(said, "pavane eval: T2002: The right side of the \"+\" operator must evaluate to a number\n   1 + \"x\"}\n     ^\n")
        code, _, said = cli("eval", '$error("\\u0000must \\u0000 be")')
        self.assertIn("D3137: \ufffdmust \ufffd be", said)
        code, _, said = cli("eval", "order[1")
        self.assertEqual((code, said), (1, "pavane eval: S0203: Expected \"]\" before end of expression\n  order[1\n         ^\n"))
        code, _, said = cli("eval", "nobody")
        self.assertEqual((code, said.splitlines()[-1]), (1, "pavane eval: it gives nothing (undefined)"))
        self.assertEqual(cli("eval")[0], 2)
        self.assertEqual(cli("eval", "$eval('1')")[0], 1)
        self.assertEqual(cli("eval", "$eval('1')", "--reference")[:2], (0, "1\n"))


if __name__ == "__main__":
    main()
