#!/usr/bin/env python3
"""Checks that docs/Spec/<Dialect>.md, the verifiers in dialects/<Dialect> and test/Dialect/<Dialect>/invalid*.mlir speak of
the same numbered constraints."""

import pathlib
import re
import sys


def constraints_of_spec(text, dialect):
    """{(op, number)} of `## lm.op` sections with `- C1: ...` items."""
    found, op = set(), None
    for line in text.splitlines():
        if line.startswith("## "):
            op = re.sub(rf"^([#!]?)(?:{dialect}\.)?", r"\1", line[3:].split("<")[0])
        elif match := re.match(r"- C(\d+):", line):
            found.add((op, int(match[1])))
    return found


def constraints_of_tests(text, dialect):
    """{(op, number)} of functions `@op_c1` and of comments `// op C1`."""
    found = {(m[1], int(m[2])) for m in re.finditer(r"@([a-z_]+)_c(\d+)\(", text)}
    for m in re.finditer(r"^// ([#!]?)(?:%s\.)?([a-z_]+) C(\d+)$" % dialect, text, re.M):
        found.add((m[1] + m[2], int(m[3])))
    return found


def functions_of(text):
    """{name: lines} of the functions that begin in the first column."""
    found, name, open_ = {}, None, False
    for line in text.splitlines():
        if name is None and re.match(r"[A-Za-z]", line) and not line.startswith(("namespace", "using", "struct", "class")):
            match = re.search(r"([\w:]+)\(", line)
            name, open_ = (match[1], False) if match else (None, False)
            found.setdefault(name, [])
        if name:
            found[name].append(line)
            code = line.split("//")[0].rstrip()
            open_ |= "{" in code
            if code.endswith("}" if open_ else ";") and not line.startswith(" "):
                name = None
    return found


def labels_of(name, functions, seen=()):
    """The numbers in a function, and in those that it calls where the call's line has none. `// C1`, `// C1, C3` and
    `// C3 to C6` are the op's own; `// buffer C1` is another op's, where the text says `alike`."""
    numbers = set()
    for line in functions.get(name, []):
        label = re.search(r"// ([a-z_]+ )?C(\d+(?:(?:, | to )C\d+)*)\b", line)
        if label:
            for part in [] if label[1] else label[2].replace("C", "").split(", "):
                first, _, last = part.partition(" to ")
                numbers |= set(range(int(first), int(last or first) + 1))
            continue
        for callee in re.findall(r"([\w:]+)\(", line):
            if callee in functions and callee != name and callee not in seen:
                numbers |= labels_of(callee, functions, (*seen, name))
    return numbers


def constraints_of_verifiers(sources, headers, tds):
    """{(op, number)} of `FooOp::verify` functions, of `verifyFoo` functions that a trait calls, and of comments `// op C1`
    where a trait in a td file verifies."""
    functions = functions_of(sources)
    found = {(m[1], int(m[2])) for m in re.finditer(r"^ *// ([#!]?[a-z_]+) C(\d+)\b", tds, re.M)}
    mnemonics = {m[1]: m[2] for m in re.finditer(r"^def \w+?_(\w+)Op\s*:\s*\w+<\"([\w.]+)\"", tds, re.M)}
    for trait in re.findall(r"verifyTrait\(.*?\) \{ return [\w:]*?verify(\w+)\(", headers):
        found |= {(trait.lower(), number) for number in labels_of(f"verify{trait}", functions)}
    for name in functions:
        if match := re.fullmatch(r"(\w+?)(Op|Attr|Type)::(?:verify|verifyRegions)", name or ""):
            snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", match[1]).lower()
            op = {"Op": mnemonics.get(match[1], snake), "Attr": "#" + snake, "Type": "!" + snake}[match[2]]
            found |= {(op, number) for number in labels_of(name, functions)}
    return found


def main(root):
    status = 0
    for spec in sorted((root / "docs/Spec").glob("*.md")):
        dialect, folder = spec.stem.lower(), root / "dialects" / spec.stem
        read = lambda files: "\n".join(file.read_text() for file in sorted(files))
        wanted = constraints_of_spec(spec.read_text(), dialect)
        tests = read((root / "test/Dialect" / spec.stem).glob("invalid*.mlir"))
        places = {"negative test": constraints_of_tests(tests, dialect),
                  "verifier": constraints_of_verifiers(*(read(folder.glob(end)) for end in ("*.cpp", "*.h", "*.td")))}
        for place, found in places.items():
            for op, number in sorted(wanted - found):
                print(f"{spec.relative_to(root)}: {op} C{number} has no {place}")
            for op, number in sorted(found - wanted):
                print(f"{spec.relative_to(root)}: {op} C{number} has a {place} but is not written down")
            status |= wanted != found
        print(f"{spec.name}: {len(wanted)} constraints")
        status |= not wanted
    return int(status)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(__file__).resolve().parent.parent))
