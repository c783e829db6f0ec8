#!/usr/bin/env python3
"""Checks the hand-written pages: every relative link leads to a file, and every file of the repository that a page names
in `code` or in an indented command exists. Prints each breach."""

import pathlib
import re
import sys
import tempfile

# A path below one of these is one of ours; others (RUN/chat, teacher/) are what a reader's command makes.
TOP = ("docs", "test", "tools", "lib", "runtime", "kernels", "dialects", "include")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"(?<![\w./*-])((?:%s)/[\w./*-]*\w)(?![\w*{<])" % "|".join(TOP))
PAGE = re.compile(r"(?<![\w./*-])([A-Za-z0-9][\w-]*\.md)\b")  # a page named alone


def pages(root):
    skipped = {"build", ".deps", "generated", ".git"}
    return [p for p in sorted(root.rglob("*.md")) if not skipped & set(p.relative_to(root).parts)
            and not p.relative_to(root).parts[0].startswith("RUN")]


def named_files(line):
    """What a line names outside of its links: paths anywhere, file names without a folder in `code` and elsewhere."""
    return PATH.findall(LINK.sub("", line))


def exists(root, page, name):
    """Below the root, below the page's folder, a wildcard of either, or a C++ header as it is included."""
    name = name.rstrip(".")
    bases = (root, page.parent, root / "docs", root / "include")
    return any((base / name).exists() or ("*" in name and list(base.glob(name))) for base in bases)


def breaches(root):
    root = pathlib.Path(root)
    everywhere = {p.name for p in pages(root)} | {p.name for p in root.glob("docs/generated/*.md")}
    for page in pages(root):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            place = f"{page.relative_to(root)}:{number}"
            for target in LINK.findall(line):
                if not re.match(r"[a-z]+:|#", target) and not (page.parent / target.split("#")[0]).exists():
                    yield f"{place}: a link to {target}, which is not there"
            for name in named_files(line):
                if not exists(root, page, name):
                    yield f"{place}: names {name}, which is not there"
            for name in PAGE.findall(LINK.sub("", line)):
                if name not in everywhere:
                    yield f"{place}: names the page {name}, which is not there"


def self_test():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        (root / "docs").mkdir()
        (root / "docs/Here.md").write_text("[a](Gone.md) [b](../README.md#x) `test/gone.py` and docs/Here.md, lost.md\n")
        (root / "README.md").write_text("[fine](docs/Here.md) (https://x/y.z) docs/Here.md RUN/docs/x\n")
        found = [text.split(": ", 1)[1] for text in breaches(root)]
        expected = ["a link to Gone.md, which is not there", "names test/gone.py, which is not there",
                    "names the page lost.md, which is not there"]
        assert found == expected, found


if __name__ == "__main__":
    self_test()
    found = list(breaches(pathlib.Path(__file__).resolve().parent.parent))
    print("\n".join(found) or "every link and named file is there")
    sys.exit(1 if found else 0)
