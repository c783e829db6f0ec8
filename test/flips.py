#!/usr/bin/env python3
"""Flips single bits of a bundle's and an executable's files; none may go through to text with exit 0.

    python3 test/flips.py XLSTM FOLDER [--bundle 139] [--executable 139] [--seed 1]

XLSTM is the tool; FOLDER gets a bundle of docs/examples/tiny-llama and its executable, made anew. Half of the flips hit
bytes at random, the other half files (of an executable: its sections) at random, so that small ones are hit too."""

import argparse
import pathlib
import random
import subprocess
import sys

TEACHER = pathlib.Path(__file__).resolve().parent.parent / "docs" / "examples" / "tiny-llama"


def run(*command):
    """Exit status; of a program that runs on for ever, as a damaged one may, 124."""
    try:
        return subprocess.run([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, timeout=60).returncode
    except subprocess.TimeoutExpired:
        return 124
    except OSError:  # not even an executable any more
        return 126


def flip(path, at, bit):
    with open(path, "r+b") as file:
        file.seek(at)
        old = file.read(1)[0]
        file.seek(at)
        file.write(bytes([old ^ 1 << bit]))


def flip_bundle(tool, bundle, count, chance):
    """The flips that went through."""
    files = sorted(f for f in bundle.iterdir() if f.stat().st_size)
    bad = []
    for n in range(count):
        weights = [f.stat().st_size for f in files] if n % 2 else None
        file = chance.choices(files, weights)[0]
        at, bit = chance.randrange(file.stat().st_size), chance.randrange(8)
        flip(file, at, bit)
        for name, command in (("generate", (tool, "generate", bundle, "-p", "The", "-n", 8, "--temperature", 0)),
                              ("verify", (tool, "verify", bundle))):
            if run(*command) == 0:
                bad.append(f"{name}: {file.name}, byte {at}, bit {bit}")
        flip(file, at, bit)
    return bad


def flip_executable(tool, program, count, chance):
    size = program.stat().st_size
    tail = 4096  # metadata, table, footer
    bad = []
    for n in range(count):
        at = chance.randrange(size) if n % 2 else chance.choice(
            [chance.randrange(4096), chance.randrange(size // 4), size - 1 - chance.randrange(tail),
             size - 1 - chance.randrange(96)])
        bit = chance.randrange(8)
        flip(program, at, bit)
        for name, command in (("text", (program, "-p", "The", "-n", 8, "--temp", 0)), ("own verify", (program, "verify")),
                              ("verify", (tool, "verify", program))):
            if run(*command) == 0:
                bad.append(f"{name}: {program.name}, byte {at}, bit {bit}")
        flip(program, at, bit)
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--bundle", type=int, default=139)
    parser.add_argument("--executable", type=int, default=139)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    tool, chance = arguments.tool, random.Random(arguments.seed)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    bundle, program = arguments.folder / "bundle", arguments.folder.resolve() / "chat"
    for command in ((tool, "import", TEACHER, "-o", bundle), (tool, "compile", bundle, "-o", program),
                    (tool, "verify", bundle), (tool, "verify", program), (program, "verify"),
                    (program, "-p", "The", "-n", 8, "--temp", 0)):
        if run(*command) != 0:
            sys.exit(f"whole as it is, this failed: {' '.join(map(str, command))}")
    bad = flip_bundle(tool, bundle, arguments.bundle, chance)
    bad += flip_executable(tool, program, arguments.executable, chance)
    for line in bad:
        print("went through:", line)
    print(f"{arguments.bundle + arguments.executable} flips, {len(bad)} went through")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
