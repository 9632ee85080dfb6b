// The unified manifest and every function against Microsoft's published schema, as office-addin-manifest carries it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , modules, folder] = process.argv;
const require = createRequire(`${modules}/office-addin-manifest/package.json`);
const Ajv = require("ajv").default ?? require("ajv");
const found = require.resolve("@microsoft/app-manifest").replace(/build.*$/, "build/json-schemas/teams/v1.30/MicrosoftTeams.schema.json");
const schema = JSON.parse(readFileSync(found, "utf8"));
delete schema.$schema;
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(schema, "teams");
const problems = [];
function check(name, value) {
  const validate = ajv.getSchema(name);
  if (!validate(value)) problems.push(...validate.errors.map((error) => `${name} ${value.id ?? ""} ${error.instancePath} ${error.message}`));
}
check("teams", JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8")));
const metadata = JSON.parse(readFileSync(`${folder}/functions.json`, "utf8"));
for (const { options, ...one } of metadata.functions) check("teams#/definitions/extensionFunction", { ...one, ...options });
for (const one of metadata.enums) check("teams#/definitions/enum", one);
const wrong = ajv.getSchema("teams#/definitions/extensionFunction")({ id: "1", name: "1", parameters: [] });
process.stdout.write(JSON.stringify({ problems, notices: !wrong, checked: metadata.functions.length }));
