// Formats Terraform files as `terraform fmt` does (the same Go code, as WebAssembly).
//
//     node format.js [--check] FILE...
"use strict";

const { readFileSync, writeFileSync } = require("node:fs");
const { format } = require("@cdktf/hcl-tools");

async function main(args) {
  const check = args.includes("--check");
  const files = args.filter((arg) => arg !== "--check");
  if (files.length === 0) throw new Error("no files given");
  let unformatted = 0;
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    const formatted = await format(text);
    if (formatted === text) continue;
    unformatted += 1;
    if (check) console.error(`${file} is not formatted: make terraform-format`);
    else writeFileSync(file, formatted);
  }
  return check && unformatted > 0 ? 1 : 0;
}

main(process.argv.slice(2)).then((code) => process.exit(code));
