// Expressions of JSONata in its reference implementation, evaluated alone:
//   node jsonata.mjs JSONATA DOCUMENT EXPRESSIONS TIMES
// Prints what bench_jsonata prints.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";

const [, , folder, documentFile, expressionsFile, times] = process.argv;
const jsonata = createRequire(import.meta.url)(folder);
const text = readFileSync(documentFile, "utf8"), input = JSON.parse(text);

for (const line of readFileSync(expressionsFile, "utf8").split("\n").filter((l) => l !== "")) {
    const x = jsonata(line);
    for (let i = 0; i < 300; i++) await x.evaluate(input); // warm
    let began = process.hrtime.bigint();
    for (let i = 0; i < Number(times); i++) await x.evaluate(input);
    const alone = process.hrtime.bigint() - began;
    began = process.hrtime.bigint();
    for (let i = 0; i < Number(times); i++) JSON.stringify(await x.evaluate(JSON.parse(text)));
    console.log(Number(alone) / Number(times), Number(process.hrtime.bigint() - began) / Number(times));
}
