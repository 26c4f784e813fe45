#!/usr/bin/env python3
"""Holds every dependency, of crates and of npm, to the licences that an EUPL project may use, and
every crate of ours to a reason."""
import json
import re
import subprocess
import sys

GOOD = {
    "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "Unicode-3.0", "CC0-1.0", "0BSD",
    "Unlicense", "MIT-0", "BSL-1.0", "MPL-2.0", "CDLA-Permissive-2.0", "EUPL-1.2", "bzip2-1.0.6",
    "Apache-2.0 WITH LLVM-exception", "OFL-1.1", "Python-2.0",
}

# Packages that name their licence only in an old form that lock files do not carry.
NAMED = {"node_modules/dom-walk": "MIT"}


def allowed(expression):
    """Whether a choice of licences all of which are good satisfies the expression."""
    expression = expression.replace("/", " OR ").replace("(", "").replace(")", "")
    if " AND " in expression and " OR " in expression:
        return all(allowed(part) for part in expression.split(" AND "))
    if " AND " in expression:
        return all(part.strip() in GOOD for part in expression.split(" AND "))
    return any(part.strip() in GOOD for part in expression.split(" OR "))


metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--format-version=1", "--locked"]))
bad = [f"{p['name']} {p['version']}: {p['license']}" for p in metadata["packages"] if not allowed(p["license"] or "none")]
npm = {}
for folder in ["web", "tests/browser"]:
    npm |= json.load(open(f"{folder}/package-lock.json", encoding="utf-8"))["packages"]
packages = {name: package.get("license", NAMED.get(name, "none")) for name, package in npm.items() if name}
bad += [f"{name}: {licence}" for name, licence in packages.items() if not allowed(licence)]
manifest = open("Cargo.toml", encoding="utf-8").read()
section = re.search(r"\[workspace\.dependencies\]\n(.*?)\n\[", manifest, re.S).group(1)
lines = [line for line in section.splitlines() if re.match(r"^[a-z]", line) and "path =" not in line]
bad += [f"no reason: {line}" for line in lines if "#" not in line]
assert not allowed("GPL-3.0-only") and not allowed("MIT AND AGPL-3.0-only") and lines, "the check checks nothing"
for complaint in bad:
    print(complaint)
print(f"{len(metadata['packages'])} crates and {len(packages)} npm packages looked at")
sys.exit(1 if bad else 0)
