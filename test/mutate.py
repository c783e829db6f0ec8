#!/usr/bin/env python3
"""Breaks the code on purpose, one line at a time, and reports which tests notice.

    python3 test/mutate.py --check               every mutation of test/mutations.txt still applies, once
    python3 test/mutate.py [--only REGEX] [--near] [--minutes N] [--jobs N]
    python3 test/mutate.py --report              the table of what was run, for docs/results/mutations.md

Works in build/mutate: a copy of the tree with a build folder of its own, so the checkout and its build stay as they are. A
mutation is built alone; the tests nearest to its file run first (NEAR below), the whole suite only for what they let pass
(never with --near). Every test has to pass without a mutation first. Results are kept in build/mutate/results.json as they
come, so that a stopped run goes on; --again REGEX forgets those whose line or outcome matches, such as 'survived'. Run by
hand, before a release; docs/results/mutations.md has the score.

A line of test/mutations.txt is "file @@ old text @@ new text": the old text stands once in the file. One that does not, or
whose mutant does not compile, is an error: the list has to follow the code. A mutation changes what the code computes;
what only moves a bound that nothing can reach is none.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "test/mutations.txt"
SCRATCH = ROOT / "build/mutate"
TREE, BUILD, RESULTS = SCRATCH / "tree", SCRATCH / "tree/build/release", SCRATCH / "results.json"
LIMIT = 900  # seconds of one command: a mutant may loop for ever, which is noticed too
OUTCOMES = {"noticed": "noticed", "survived": "survived", "passed near": "passed the nearest tests; the others were not run",
            "invalid": "did not compile"}

# Folder of the file -> stages: names of test binaries, or "lit:REGEX of lit tests". The first match counts, and the first stage
# that fails ends the mutant.
NEAR = [
    ("kernels/cpu/HybridDecode", [["HybridTests", "HybridLanes16Tests"]]),
    ("kernels/cpu/Hybrid", [["HybridTests", "HybridLanes16Tests"], ["EvaluateTests"]]),
    ("kernels/cpu/Simd", [["KernelTests", "HybridTests"]]),
    ("kernels/cpu/", [["KernelTests", "KernelNativeTests"], ["TargetTests"]]),
    ("kernels/reference/", [["HybridTests"], ["KernelTests"]]),
    ("kernels/common/", [["HybridTests"], ["TargetTests"]]),
    ("runtime/Distributed/", [["DistributedTests"]]),
    ("runtime/Train/", [["TrainTests"], ["DistributedTests"]]),
    ("runtime/Data/", [["TrainTests"], ["EvalTests"]]),
    ("runtime/Checkpoint/", [["TrainTests"], ["DistributedTests"]]),
    ("runtime/Merge/", [["MergeTests"]]),
    ("runtime/Eval/", [["EvalTests"]]),
    ("runtime/Evaluate/", [["EvaluateTests"], ["TrainTests"]]),
    ("runtime/Text/", [["TextTests"]]),
    ("runtime/Files/Gguf", [["FilesTests"], ["ImportGgufTests"]]),
    ("runtime/Files/", [["FilesTests"]]),
    ("runtime/Serve/", [["ServeTests"], ["lit:Tools/(serve|session)"]]),
    ("runtime/Chat/", [["DeployTests"], ["TargetTests"], ["lit:Tools/(chat|context|generate)"]]),
    ("runtime/Deploy/", [["DeployTests"], ["TargetTests"], ["lit:Tools/(generate|session)"]]),
    ("lib/Model/", [["ModelTests"], ["ImportTests", "ImportGgufTests"]]),
    ("lib/Transforms/Raise/", [["lit:Transforms/Raise"], ["ImportOnnxTests", "ImportOnnxGoldenTests", "VerifyRaiseTests"]]),
    ("lib/Transforms/", [["lit:Transforms|Conversion"], ["TransformsTests", "EvaluateTests"], ["TargetTests"]]),
    ("lib/Conversion/", [["lit:Conversion"], ["TargetTests"]]),
    ("lib/Target/", [["TargetTests"]]),
    ("lib/Onnx/", [["ImportOnnxTests"], ["lit:Transforms/Raise"], ["VerifyRaiseTests"]]),
    ("lib/Import/Onnx/", [["ImportOnnxTests", "ImportOnnxGoldenTests"]]),
    ("lib/Import/Gguf/", [["ImportGgufTests", "ImportGgufGoldenTests"]]),
    ("lib/Import/", [["ImportTests"], ["ImportGoldenTests"]]),
    ("lib/Support/", [["SupportTests", "RecipeTests"]]),
    ("dialects/", [["lit:Dialect|Transforms"], ["EvaluateTests"], ["TargetTests"]]),
    ("tools/", [["RecipeTests"], ["lit:Tools/(dry-run|recipe|targets|verify)"], ["lit:Integration/(bad-input|fail-early|runs|shares|splits)"]]),
]


class Mutation:
    def __init__(self, number, line):
        parts = (line + " ").split(" @@ ")
        if len(parts) != 3 or not all(part.strip() for part in parts[:2]):
            sys.exit(f"{LIST}:{number}: expected 'file @@ old text @@ new text', found {line!r}")
        self.number, self.key = number, line
        self.file, self.old, self.new = parts[0].strip(), parts[1].strip(), parts[2].strip()

    def problem(self):
        path = ROOT / self.file
        count = path.read_text().count(self.old) if path.is_file() else -1
        if self.old == self.new:
            return "the new text is the old one"
        return None if count == 1 else f"{self.file}: " + (
            "no such file" if count < 0 else f"expected once, found {count} times: {self.old}")

    def stages(self):
        return next(stages for prefix, stages in NEAR if self.file.startswith(prefix))


def read_list():
    mutations = [Mutation(number, line) for number, line in enumerate(LIST.read_text().splitlines(), 1)
                 if line.strip() and not line.startswith("#")]
    problems = [f"{LIST}:{m.number}: {problem}" for m in mutations if (problem := m.problem())]
    problems += [f"{LIST}:{m.number}: {m.file}: no nearest tests" for m in mutations
                 if not any(m.file.startswith(prefix) for prefix, _ in NEAR)]
    if len({m.key for m in mutations}) != len(mutations):
        problems.append(f"{LIST}: a mutation stands there twice")
    if problems:
        sys.exit("\n".join(problems))
    return mutations


def copy_tree():
    """What differs alone, so that times of files, and with them the build, stay as they are."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                           capture_output=True).stdout.decode().split("\0")
    names = {name for name in names if name and (ROOT / name).is_file()}
    for name in names:
        source, target = ROOT / name, TREE / name
        if not target.exists() or source.read_bytes() != target.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    for path in list(TREE.rglob("*")):
        name = path.relative_to(TREE)
        if path.is_file() and str(name) not in names and name.parts[0] not in ("build", ".deps"):
            path.unlink()
    if not (TREE / ".deps").exists() and (ROOT / ".deps").exists():
        (TREE / ".deps").symlink_to((ROOT / ".deps").resolve())


class Runner:
    def __init__(self, arguments):
        self.prefix, self.jobs = shlex.split(arguments.prefix), str(arguments.jobs)
        self.passed = set()  # stages that pass without a mutation

    def run(self, command, log=None):
        """Exit status, and the output; a command that does not end is stopped and fails."""
        try:
            ran = subprocess.run(self.prefix + command, cwd=TREE, capture_output=True, text=True, errors="replace", timeout=LIMIT)
            status, text = ran.returncode, ran.stdout + ran.stderr
        except subprocess.TimeoutExpired:
            status, text = -1, f"not done after {LIMIT} s\n"
        (SCRATCH / "last.log").write_text(text)
        return status, text

    def ninja(self, targets):
        return self.run(["ninja", "-C", str(BUILD), "-j", self.jobs, *targets])

    def configure(self):
        if not (BUILD / "build.ninja").exists():
            status, text = self.run(["cmake", "--preset", "release"])
            if status:
                sys.exit(f"cannot configure {TREE}:\n{text[-3000:]}")

    def ctest(self, arguments):
        """Names of the tests that fail."""
        status, text = self.run(["ctest", "--test-dir", str(BUILD), "-j", self.jobs, "--timeout", str(LIMIT // 2), *arguments])
        failed = re.findall(r"^\s*\d+ - (\S+) \((?!Skipped|Not Run \(Disabled)", text, re.M)
        return failed or (["ctest"] if status else [])

    def lit(self, pattern):
        command = [sys.executable, "/usr/lib/llvm-19/build/utils/lit/lit.py", "-sv", "-j", self.jobs, "--max-failures", "1", "--filter", pattern,
                   str(BUILD / "test")]
        status, text = self.run(command)
        failed = re.findall(r"^(?:FAIL|TIMEOUT|UNRESOLVED): \S+ :: (\S+)", text, re.M)
        return sorted(set(failed)) or (["lit"] if status else [])

    def check_unchanged(self, names):
        """The tests of a stage, () for all of them, pass on the code as it is: a failure has to mean the mutation."""
        if tuple(names) in self.passed:
            return
        failed = self.stage(names) if names else self.whole()
        if failed is None or failed:
            log = (SCRATCH / "last.log").read_text()
            sys.exit(f"without a mutation: {'does not build' if failed is None else 'fails: ' + ' '.join(failed)}\n{log[-4000:]}")
        self.passed.add(tuple(names))

    def whole(self):
        status, _ = self.ninja([])
        return None if status else self.ctest(["-E", "^(layers|spec|docs)$"])

    def stage(self, names):
        """None where the mutant does not build, else the tests that fail."""
        lits = [name[4:] for name in names if name.startswith("lit:")]
        binaries = [name for name in names if not name.startswith("lit:")]
        status, _ = self.ninja(binaries + (["xlstm", "xlstm-opt", "xlstm-lsp-server"] if lits else []))
        if status:
            return None
        failed = self.ctest(["-R", "^(" + "|".join(binaries) + r")(\.|$)"]) if binaries else []
        for pattern in lits:
            failed += self.lit(pattern)
        return failed


def not_built():
    """A warning that is an error in every build of ours notices the mutation; any other error means a wrong list."""
    return ("noticed", ["warning"]) if "[-Werror" in (SCRATCH / "last.log").read_text() else ("invalid", [])


def try_mutation(mutation, runner, near):
    """Outcome and the tests that notice."""
    for names in mutation.stages() + ([] if near else [[]]):
        runner.check_unchanged(names)
    path = TREE / mutation.file
    text = path.read_text()
    path.write_text(text.replace(mutation.old, mutation.new))
    try:
        for names in mutation.stages():
            failed = runner.stage(names)
            if failed is None:
                return not_built()
            if failed:
                return "noticed", failed
        if near:
            return "passed near", []
        failed = runner.whole()
        return not_built() if failed is None else ("noticed" if failed else "survived", failed)
    finally:
        path.write_text(text)


def load_results():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def save_results(results):
    temporary = RESULTS.with_suffix(".new")
    temporary.write_text(json.dumps(results, indent=1) + "\n")
    os.replace(temporary, RESULTS)


def report(mutations, results):
    found = {m.key: results[m.key] for m in mutations if m.key in results}
    counts = {outcome: sum(r["outcome"] == outcome for r in found.values()) for outcome in OUTCOMES}
    valid = len(found) - counts["invalid"]
    print(f"{len(mutations)} mutations, {len(found)} run, {counts['noticed']} of {valid} noticed"
          + (f" ({100 * counts['noticed'] / valid:.0f} %)" if valid else ""))
    for outcome, words in OUTCOMES.items():
        if outcome != "noticed" and counts[outcome]:
            print(f"{counts[outcome]} {words}")
    print("\n| file | mutation | outcome | by |\n|---|---|---|---|")
    for m in mutations:
        r = found.get(m.key, {"outcome": "not run", "by": []})
        by = ", ".join(r["by"][:3]) + (", …" if len(r["by"]) > 3 else "")
        cells = [m.file, f"`{m.old}` → `{m.new or ' '}`", r["outcome"], by]
        print("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only see whether the list applies")
    parser.add_argument("--report", action="store_true", help="only print the table of results")
    parser.add_argument("--only", default="", metavar="REGEX", help="of the lines of the list")
    parser.add_argument("--again", metavar="REGEX", help="forget the results of these lines first")
    parser.add_argument("--near", action="store_true", help="leave out the whole suite")
    parser.add_argument("--minutes", type=float, default=0, help="begin no mutation after so long; 0: no limit")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--prefix", default="", help="words in front of every command, such as 'nice'")
    arguments = parser.parse_args()
    mutations, results = read_list(), load_results()
    if arguments.check:
        return print(f"{len(mutations)} mutations apply")
    if arguments.report:
        return report(mutations, results)
    begin = time.monotonic()
    if arguments.again:
        results = {key: value for key, value in results.items() if not re.search(arguments.again, f"{value['outcome']} {key}")}
    SCRATCH.mkdir(parents=True, exist_ok=True)
    copy_tree()
    runner = Runner(arguments)
    runner.configure()
    unfinished = {"passed near"} if not arguments.near else set()
    for mutation in mutations:
        known = results.get(mutation.key)
        if not re.search(arguments.only, mutation.key) or (known and known["outcome"] not in unfinished):
            continue
        if arguments.minutes and time.monotonic() - begin > 60 * arguments.minutes:
            break
        outcome, by = try_mutation(mutation, runner, arguments.near)
        results[mutation.key] = {"outcome": outcome, "by": by}
        save_results(results)
        print(f"{outcome:12} {mutation.key}  {' '.join(by[:4])}", flush=True)
    remaining = [m for m in mutations if results.get(m.key, {}).get("outcome") != "noticed"]
    sys.exit(1 if remaining and not arguments.only else 0)


if __name__ == "__main__":
    main()
