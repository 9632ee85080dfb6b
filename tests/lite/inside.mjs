// Python inside JavaScript, as in the add-in: reads one JSON text per line, hands it to Python, prints the answer.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";

const [pyodideFolder, standIn] = process.argv.slice(2);
const { loadPyodide } = await import(`${pyodideFolder}/pyodide.mjs`);
const python = await loadPyodide();
python.FS.writeFile("stand_in.py", readFileSync(standIn, "utf8"));
python.runPython(`
import importlib, json, sys
sys.path.insert(0, "")
import stand_in
functions = {}

def answer(text):
    asked = json.loads(text)
    if "load" in asked:
        functions[asked["as"]] = stand_in.load(asked["load"])
        return json.dumps(sorted(functions[asked["as"]]))
    known = functions[asked["as"]]
    return json.dumps([stand_in.call(known, name, given) for name, given in asked["calls"]])
`);
const answer = python.globals.get("answer");

// an uncaught error would print the whole of Pyodide
process.on("uncaughtException", (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.zones) {
    python.FS.mkdirTree("/zones/tzdata");
    python.mountNodeFS("/zones/tzdata", asked.zones);
    python.runPython(`sys.path.append("/zones"); importlib.invalidate_caches()`);
    process.stdout.write("null\n");
  } else {
    process.stdout.write(answer(line) + "\n");
  }
}
