// 10,000 cells through the shim: every question of a function in one recalculation, then the same once more.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder, base, token, questions, support] = process.argv;
const { counted, excel } = await import(pathToFileURL(support).href);
const { createClient } = await import(pathToFileURL(`${folder}/client.js`).href);
const functions = await import(pathToFileURL(`${folder}/functions.js`).href);
const calls = JSON.parse(readFileSync(questions, "utf8"));
const found = [];
for (const { name, id, cells } of calls) {
  const net = counted();
  // never fresh for long: the recalculation must ask; what repeats is measured apart
  const book = excel(functions, createClient({ base, token, fetch: net.fetch }));
  book.host.metadata = JSON.parse(readFileSync(`${folder}/functions.json`, "utf8"));
  const run = async () => {
    const began = performance.now();
    const shown = await Promise.all(cells.map((given) => book.cell(id, given)));
    return { seconds: (performance.now() - began) / 1000, values: shown.filter((one) => typeof one.cell === "number").length };
  };
  const first = await run();
  const requests = net.log.length;
  const again = await run();
  found.push({ name, requests, ...first, again: again.seconds, more: net.log.length - requests, bytes: net.log.reduce((sum, one) => sum + one.size, 0) });
}
process.stdout.write(JSON.stringify(found), () => process.exit(0));
