#!/usr/bin/env python3
"""Checks that docs/Spec/<Dialect>.md and test/Dialect/<Dialect>/invalid*.mlir speak of the same numbered constraints."""

import pathlib
import re
import sys


def constraints_of_spec(text, dialect):
    """{(op, number)} of `## lm.op` sections with `- C1: ...` items."""
    found, op = set(), None
    for line in text.splitlines():
        if line.startswith("## "):
            op = line[3:].replace("#", "").removeprefix(dialect + ".")
            attribute = line.startswith("## #")
            op = ("#" if attribute else "") + op
        elif match := re.match(r"- C(\d+):", line):
            found.add((op, int(match[1])))
    return found


def constraints_of_tests(text, dialect):
    """{(op, number)} of functions `@op_c1` and of comments `// op C1`."""
    found = {(m[1], int(m[2])) for m in re.finditer(r"@([a-z_]+)_c(\d+)\(", text)}
    for m in re.finditer(r"^// (#?)(?:%s\.)?([a-z_]+) C(\d+)$" % dialect, text, re.M):
        found.add((m[1] + m[2], int(m[3])))
    return found


def main(root):
    status = 0
    for spec in sorted((root / "docs/Spec").glob("*.md")):
        dialect = spec.stem.lower()
        tests = "\n".join(f.read_text() for f in sorted((root / "test/Dialect" / spec.stem).glob("invalid*.mlir")))
        wanted, tested = constraints_of_spec(spec.read_text(), dialect), constraints_of_tests(tests, dialect)
        for op, number in sorted(wanted - tested):
            print(f"{spec.relative_to(root)}: {op} C{number} has no negative test")
        for op, number in sorted(tested - wanted):
            print(f"{spec.relative_to(root)}: {op} C{number} is tested but not written down")
        status |= wanted != tested or not wanted
        print(f"{spec.name}: {len(wanted)} constraints")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(__file__).resolve().parent.parent))
