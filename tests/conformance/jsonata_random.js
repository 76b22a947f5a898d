/*
 * Random expressions, and what the reference implementation makes of them.
 *
 *   node jsonata_random.js JSONATA COUNT SEED >CASES
 *
 * JSONATA is the folder of the npm package jsonata.  Prints cases in the form
 * of the runner's kind "jsonata".  The same seed gives the same expressions.
 * Left out is what has no answer to compare: functions as results, failures
 * without a code (the reference's own bugs), what does not end within a bound.
 */
"use strict";
const [, , folder, countText, seedText] = process.argv;
const jsonata = require(folder);
let state = BigInt(seedText || "1") * 0x9E3779B97F4A7C15n;

function draw(n) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xFFFFFFFFFFFFFFFFn;
    return Number((state >> 33n) % BigInt(n));
}
const pick = (list) => list[draw(list.length)];
const maybe = (n) => draw(n) === 0;

const document = {
    order: {
        id: "order-1", total: 42.5, paid: true, note: null, tags: ["new", "blue", "x"],
        items: [
            {sku: "a-1", qty: 2, price: 3.5, dims: {w: 10, h: 2}, tags: ["t1"]},
            {sku: "b-22", qty: 1, price: 20, dims: {w: 1, h: 20}, tags: ["t1", "t2"]},
            {sku: "c-333", qty: 10, price: 0.25, tags: []},
        ],
        customer: {name: "Ada Lovelace", age: 36, mail: ["ada@example.com", "al@example.org"], address: {city: "Łódź", zip: "90-001"}},
    },
    numbers: [5, 3, 9, -1, 0.5, 3], words: ["pear", "Apple", "fig", "äpfel", ""], nested: [[1, 2], [3, [4, 5]], []],
    empty: [], nothing: null, flag: false, text: "The quick brown fox", n: 7, date: "2024-02-29T12:34:56.789Z",
    people: [{name: "Ann", dept: "x", pay: 10}, {name: "Bob", dept: "y", pay: 5}, {name: "Cy", dept: "x", pay: 7}],
};
const names = ["order", "items", "qty", "price", "sku", "dims", "w", "h", "tags", "customer", "name", "age", "mail", "address",
               "city", "numbers", "words", "nested", "empty", "nothing", "flag", "text", "n", "people", "dept", "pay", "absent"];
const paths = ["order", "order.items", "order.items.qty", "order.items.price", "order.items.sku", "order.items.tags", "order.tags",
               "order.customer", "order.customer.name", "order.items.dims.w", "numbers", "words", "nested", "empty", "nothing", "flag",
               "text", "n", "people", "people.name", "people.pay", "people.dept", "absent", "order.total", "order.paid", "date",
               "order.note", "order.customer.mail"];
const regexes = ["/o/", "/[a-z]+/", "/(q)(u)?/i", "/\\d+/", "/^T/", "/\\s/", "/[^a-z]/i", "/(a|b)-(\\d)/", "/x$/m", "/./"];

const number = () => pick(["0", "1", "2", "3", "7", "10", "0.5", "2.5", "-1", "-3", "100", "1e3", "3.14159", "1e21", "0.000001"]);
const string = () => pick(['"a"', '"b-22"', "'x'", '""', '"Hello World"', '"  pad  ded "', '"ä€😀"', '"12"', '"0x1F"', '"a,b,,c"', '"2017-11-07"', '"quick"', '"t1"']);
const variable = (v) => v.length > 0 ? "$" + pick(v) : "$";

function predicate(depth, v) {
    return "[" + pick([() => number(), () => expression(depth - 1, v), () => pick(["qty", "price", "pay", "w"]) + pick([" > ", " < ", " = ", " >= "]) + number(),
                       () => "-1", () => "[0,1]", () => "$ > 2", () => "name = \"Ann\"", () => "[1..2]"])() + "]";
}
/* What a path may begin with, beside a name. */
function start(depth, v) {
    return pick([() => "[" + expression(depth - 1, v) + "]", () => "[" + expression(depth - 1, v) + ", " + expression(depth - 1, v) + "]",
                 () => "{" + string() + ": " + expression(depth - 1, v) + "}", () => "(" + expression(depth - 1, v) + ")", () => call(depth, v),
                 string, () => variable(v), () => "**", () => "*", () => "[" + pick(["order", "people[0]", "text", "n"]) + "]"])();
}
function path(depth, v) {
    let p = depth > 0 && maybe(4) ? start(depth, v) : pick(paths), i;
    if (maybe(3)) p += predicate(depth, v);
    for (i = draw(2); i > 0; i--)
        p += "." + pick([() => pick(names), () => "*", () => "%", () => "**", () => "(" + expression(depth - 1, v) + ")", () => pick(names) + predicate(depth, v),
                         () => "$" + pick(["string", "uppercase", "length", "type"]) + "()", () => "[" + expression(depth - 1, v) + "]",
                         () => "{" + '"k": ' + expression(depth - 1, v) + "}"])();
    if (maybe(8)) p += "[]";
    if (maybe(10)) p += "^(" + pick(["", "<", ">"]) + pick(["price", "qty", "name", "pay", "$"]) + ")";
    if (maybe(10)) p += "{" + pick(["sku", "name", "dept", '"g"', "$string($)"]) + ": " + pick(["$count($)", "$sum(pay)", "$", "qty", expression(depth - 1, v)]) + "}";
    if (maybe(20)) p = pick(["people@$p.(" + "$p.name & \"!\")", "people#$i[$i > 0].($i & name)", "order.items@$o.tags#$j.($o.sku & $ & $j)",
                             "order.items.tags.%.sku", "order.items.dims.%.%.id", "order.items#$i.{\"i\": $i, \"s\": sku}",
                             "people@$a.people@$b[$a.dept = $b.dept].($a.name & $b.name)"]);
    return p;
}
const strings = (d, v) => pick([string, () => path(d - 1, v), () => "$string(" + expression(d - 1, v) + ")", () => "text", () => "words"])();
const numbers = (d, v) => pick([number, () => path(d - 1, v), () => "$count(" + expression(d - 1, v) + ")", () => "n", () => "numbers"])();
const arrays = (d, v) => pick([() => pick(["numbers", "words", "nested", "people", "order.items", "empty"]), () => "[" + expression(d - 1, v) + ", " + expression(d - 1, v) + "]",
                               () => "[" + draw(3) + ".." + draw(6) + "]", () => path(d - 1, v)])();
const objects = (d, v) => pick([() => "order.customer", () => "people[0]", () => '{"a": ' + expression(d - 1, v) + ', "b": ' + number() + "}", () => "people", () => "order"])();
const one = (d, v) => "function($v){" + expression(d - 1, v.concat(["v"])) + "}";
const two = (d, v) => "function($v, $k){" + expression(d - 1, v.concat(["v", "k"])) + "}";
const picture = () => pick(['"#,##0.00"', '"0"', '"00.0#"', '"#0%"', '"$#.00;($#.00)"', '"0.0e0"', '"#"', '"###,##0"', '"1x"', '"0,00.0"']);

function call(d, v) {
    return pick([
        () => "$sum(" + numbers(d, v) + ")", () => "$max(" + numbers(d, v) + ")", () => "$min(" + numbers(d, v) + ")", () => "$average(" + numbers(d, v) + ")",
        () => "$count(" + arrays(d, v) + ")", () => "$string(" + expression(d - 1, v) + ")", () => "$string(" + objects(d, v) + ", true)",
        () => "$substring(" + strings(d, v) + ", " + number() + ")", () => "$substring(" + strings(d, v) + ", " + number() + ", " + number() + ")",
        () => "$substringBefore(" + strings(d, v) + ", " + string() + ")", () => "$substringAfter(" + strings(d, v) + ", " + string() + ")",
        () => "$lowercase(" + strings(d, v) + ")", () => "$uppercase(" + strings(d, v) + ")", () => "$length(" + strings(d, v) + ")", () => "$trim(" + strings(d, v) + ")",
        () => "$pad(" + strings(d, v) + ", " + pick(["-8", "8", "3", "12"]) + pick(["", ', "#"', ', "ab"']) + ")",
        () => "$contains(" + strings(d, v) + ", " + pick([string, () => pick(regexes)])() + ")", () => "$split(" + strings(d, v) + ", " + pick(['" "', '""', '","', "/[ ,]/", "/\\s*/"]) + pick(["", ", 2"]) + ")",
        () => "$join(" + pick(["words", "order.tags", arrays(d, v)]) + pick(["", ', "-"']) + ")", () => "$match(" + strings(d, v) + ", " + pick(regexes) + pick(["", ", 1"]) + ")",
        () => "$replace(" + strings(d, v) + ", " + string() + ", " + pick(['"_"', '"$1"']) + pick(["", ", 1"]) + ")",
        () => "$replace(" + strings(d, v) + ", " + pick(regexes) + ", " + pick(['"_"', '"$1"', '"[$0]"', '"$$"', '"$2$1"', "function($m){$m.match & $m.start}"]) + pick(["", ", 1"]) + ")",
        () => "$base64encode(" + pick(['"abc"', '"x"', strings(d, v)]) + ")", () => "$base64decode(" + pick(['"YWJj"', '"eA=="']) + ")",
        () => "$encodeUrlComponent(" + strings(d, v) + ")", () => "$encodeUrl(" + strings(d, v) + ")", () => "$decodeUrlComponent(" + pick(['"a%20b"', '"%C3%A4"', '"%zz"']) + ")", () => "$decodeUrl(" + pick(['"a%20b%2F"', '"x"']) + ")",
        () => "$number(" + pick([string, () => "true", () => expression(d - 1, v)])() + ")", () => "$abs(" + numbers(d, v) + ")", () => "$floor(" + numbers(d, v) + ")", () => "$ceil(" + numbers(d, v) + ")",
        () => "$round(" + numbers(d, v) + pick(["", ", 1", ", -1", ", 2"]) + ")", () => "$power(" + number() + ", " + pick(["2", "0.5", "-1", "1000"]) + ")", () => "$sqrt(" + numbers(d, v) + ")",
        () => "$formatNumber(" + pick(["1234.5678", "42", "0.0049"]) + ", " + picture() + ")", () => "$formatNumber(-0.5, " + pick(["\"0.0#\"", "\"#0%\"", "\"$#.00;($#.00)\""]) + ")", () => "$formatBase(" + pick(["255", "-10", "3.7"]) + ", " + pick(["2", "16", "36", "1"]) + ")",
        () => "$formatInteger(" + pick(["0", "7", "21", "1999", "1234567", "-12"]) + ", " + pick(['"0"', '"000"', '"#,##0"', '"A"', '"a"', '"I"', '"i"', '"w"', '"W"', '"Ww"', '"w;o"', '"1;o"', '"Ww;o"']) + ")",
        () => "$parseInteger(" + pick(['"12"', '"1,234"', '"XIV"', '"twelve hundred and three"', '"ab"']) + ", " + pick(['"0"', '"#,##0"', '"I"', '"w"', '"a"']) + ")",
        () => "$fromMillis(" + pick(["0", "1709210096789", "-86400000"]) + pick(["", ', "[Y0001]-[M01]-[D01]"', ', "[FNn], [D1o] [MNn] [Y]"', ', "[H01]:[m01]:[s01].[f001] [Z]"', ', "[h]:[m01] [P]"', ', "W[W01] [X0001] d[d]"', ', "[M01]/[D01]/[Y0001] [h#1]:[m01][P] GMT[Z01:01]", "+0530"']) + ")",
        () => "$toMillis(" + pick(['"2017-11-07T15:07:54.972Z"', '"2017"', '"2017-02"', '"2017-11-07"', '"07/11/2017", "[D01]/[M01]/[Y0001]"', '"x"', "date"]) + ")",
        () => "$boolean(" + expression(d - 1, v) + ")", () => "$not(" + expression(d - 1, v) + ")", () => "$exists(" + expression(d - 1, v) + ")", () => "$type(" + expression(d - 1, v) + ")",
        () => "$append(" + expression(d - 1, v) + ", " + expression(d - 1, v) + ")", () => "$reverse(" + arrays(d, v) + ")", () => "$distinct(" + arrays(d, v) + ")",
        () => "$sort(" + arrays(d, v) + pick(["", ", function($a, $b){$a > $b}", ", function($a, $b){$string($a) < $string($b)}"]) + ")", () => "$zip(" + arrays(d, v) + ", " + arrays(d, v) + ")",
        () => "$keys(" + objects(d, v) + ")", () => "$lookup(" + objects(d, v) + ", " + pick(['"name"', '"a"', '"items"']) + ")", () => "$spread(" + objects(d, v) + ")",
        () => "$merge([" + objects(d, v) + ", " + objects(d, v) + "])", () => "$each(" + objects(d, v) + ", " + two(d, v) + ")", () => "$sift(" + objects(d, v) + ", " + two(d, v) + ")",
        () => "$map(" + arrays(d, v) + ", " + pick([one(d, v), two(d, v), "$string", "$uppercase"]) + ")", () => "$filter(" + arrays(d, v) + ", " + pick([one(d, v), two(d, v)]) + ")",
        () => "$reduce(" + arrays(d, v) + ", function($a, $v){" + expression(d - 1, v.concat(["a", "v"])) + "}" + pick(["", ", 0", ", []"]) + ")", () => "$single(" + arrays(d, v) + ", " + one(d, v) + ")",
        () => "$error(" + pick(["", '"no"']) + ")", () => "$assert(" + pick(["true", "false", "n > 3"]) + pick(["", ', "must"']) + ")", () => pick(["nobody", "sum", "$nobody"]) + "(" + expression(d - 1, v) + ")",
    ])();
}
function expression(depth, v) {
    if (depth <= 0)
        return pick([number, string, () => path(0, v), () => variable(v), () => pick(["true", "false", "null"]), () => pick(paths)])();
    return pick([
        () => path(depth, v), () => path(depth, v), () => call(depth, v), () => call(depth, v), () => call(depth, v),
        () => expression(depth - 1, v) + " " + pick(["+", "-", "*", "/", "%", "&", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"]) + " " + expression(depth - 1, v),
        () => "(" + expression(depth - 1, v) + " " + pick(["+", "*", "&", "="]) + " " + expression(depth - 1, v) + ")",
        () => expression(depth - 1, v) + " ? " + expression(depth - 1, v) + pick(["", " : " + expression(depth - 1, v)]),
        () => "[" + expression(depth - 1, v) + ", " + expression(depth - 1, v) + "]", () => "{" + string() + ": " + expression(depth - 1, v) + ', "z": ' + expression(depth - 1, v) + "}",
        () => "($x := " + expression(depth - 1, v) + "; " + expression(depth - 1, v.concat(["x"])) + ")", () => "-" + numbers(depth, v),
        () => expression(depth - 1, v) + " ~> $" + pick(["count()", "string", "sum", "type()", "append(1)", "uppercase", "map(function($v){$v})", "keys"]),
        () => "function($p){" + expression(depth - 1, v.concat(["p"])) + "}(" + expression(depth - 1, v) + ")", () => pick(["$map(?, " + one(depth, v) + ")(" + pick(["numbers", "words", "people"]) + ")", "$substring(?, 1)(" + string() + ")", "function($a, $b){$b & $a}(?, 1)(" + expression(depth - 1, v) + ")"]),
        () => objects(depth, v) + " ~> |" + pick(["$", "items", "customer", "**[qty]"]) + "|" + pick(['{"q": 1}', "{\"name\": $uppercase(name)}", expression(depth - 1, v)]) + pick(["", ", \"tags\"", ", [\"id\", \"age\"]"]) + "|",
        () => "(" + pick(paths) + ")[" + number() + "]", () => "$" + pick(["", "$"]) + "." + pick(paths),
    ])();
}

/* As the service prints them; null where there is no value to compare. */
function plain(v) {
    if (typeof v === "function" || (v && (v._jsonata_lambda || v._jsonata_function))) throw "function";
    if (typeof v === "number" && !Number.isFinite(v)) return String(v);
    if (Array.isArray(v)) return Array.from(v, (x) => x === undefined ? null : plain(x));
    if (v !== null && typeof v === "object") {
        const out = {};
        for (const k of Object.keys(v)) if (v[k] !== undefined) out[k] = plain(v[k]);
        return out;
    }
    return v === undefined ? null : v;
}

async function answer(expr) {
    const x = jsonata(expr), end = Date.now() + 500;
    let depth = 0;
    x.assign(Symbol.for("jsonata.__evaluate_entry"), () => { if (++depth > 300 || Date.now() > end) throw "bound"; });
    x.assign(Symbol.for("jsonata.__evaluate_exit"), () => { depth--; });
    return x.evaluate(JSON.parse(JSON.stringify(document)));
}

(async () => {
    const count = Number(countText), cases = [];
    for (let i = 0; cases.length < count && i < 2 * count; i++) {
        const expr = expression(1 + draw(3), []), c = {id: "random/" + seedText + "/" + i, expr, dataset: "shop"};
        /* behind an order-by, the reference loses what `%`, `@` and `#` bound; grouping an empty list puts something into it */
        if (expr.length > 400 || /[%@#].*\^\(|empty.*{/.test(expr)) continue;
        /* a wildcard finds there what functions are made of */
        if (/\.\*|\*\*/.test(expr) && /function|\(\?|, \?/.test(expr)) continue;
        try {
            const v = await answer(expr);
            if (v === undefined) c.undefinedResult = true;
            else c.result = plain(v);
        } catch (e) {
            if (e === "function" || e === "bound" || !e || typeof e.code !== "string") continue;
            /* parts of a list or an object are evaluated side by side there: another may fail first */
            /* it names a function after who called it last */
            c.error = /[[{].*,/.test(expr) ? {} : {code: e.code, message: e.message.includes("undefined") ? undefined : e.message};
        }
        cases.push(c);
    }
    process.stdout.write(JSON.stringify({about: "random expressions, seed " + seedText, datasets: {shop: document}, cases}) + "\n");
})();
