// Print what the JavaScript SDK reads from each AWS config file of the list on stdin.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(new URL("../../e2e/clients/javascript/package.json", import.meta.url));
const { loadSharedConfigFiles } = require("@smithy/core/config");
const read = async (configFilepath) =>
  (await loadSharedConfigFiles({ configFilepath, filepath: "/dev/null", ignoreCache: true })).configFile;
const paths = JSON.parse(readFileSync(0, "utf8"));
const found = [];
for (const path of paths) found.push(await read(path));
console.log(JSON.stringify(found));
