#!/usr/bin/env python3
"""Runs every pass of ours, every ordered pair of them and each on two modules in one run, over the modules of the lit tests.

    pass_pairs.py XLSTM_OPT [FOLDER...]

A run has to end in success or in a diagnostic of the pass: no crash, no module that does not verify or parse again, and
with two modules what each gives alone. Modules that are equal in text are run once, so that the pairs of most passes, which
leave most modules as they are, cost nothing; all modules of one pass go through one process.
"""

import concurrent.futures
import pathlib
import re
import resource
import subprocess
import sys

MARK = "// -----"


def list_passes(tool):
    text = subprocess.run([tool, "--help"], capture_output=True, text=True, check=True).stdout
    return sorted(set(re.findall(r"^ {6}--((?:xlstm|convert)-[\w-]+) +-   ", text, re.M)))


def read_modules(folders):
    """{name: text} of all modules in the lit tests, valid or not."""
    found = {}
    for folder in folders:
        for file in sorted(pathlib.Path(folder).rglob("*.mlir")):
            for i, text in enumerate(re.split(rf"^{MARK}.*$", file.read_text(), flags=re.M)):
                found[f"{file.parent.name}/{file.name}:{i}"] = text
    return found


class Runner:
    def __init__(self, tool):
        self.tool = tool

    def start(self, texts, flags):
        seconds = 5 + len(texts) // 10  # of processor time, so that other work on the machine does not count
        command = [self.tool, "--split-input-file", f"--output-split-marker={MARK}", *flags]
        return subprocess.run(command, input=f"\n{MARK}\n".join(texts), capture_output=True, text=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds)))

    def run(self, texts, *flags):
        """A result for each text: (module, None), (None, None) after a diagnostic, or (None, what went wrong)."""
        if not texts:
            return []
        done = self.start(texts, flags)
        if done.returncode in (0, 1):
            modules = re.split(rf"^{MARK}\n", done.stdout, flags=re.M)
            failed = sum(not module.strip() for module in modules)
            if len(modules) == len(texts) and done.stderr.count("error:") >= failed:
                return [(module if module.strip() else None, None) for module in modules]
        if len(texts) > 1:  # one of them is to blame
            half = len(texts) // 2
            return self.run(texts[:half], *flags) + self.run(texts[half:], *flags)
        if done.returncode in (0, 1):
            return [(None, "fails without a diagnostic" if done.returncode else "prints no module")]
        return [(None, f"crashes or does not end (exit {done.returncode})")]


def check(runner, name, texts):
    """Runs a pass on each text; its modules and {text: complaint}."""
    results = runner.run(texts, "--" + name)
    complaints = {text: wrong for text, (_, wrong) in zip(texts, results) if wrong}
    refused = [text for text, (module, wrong) in zip(texts, results) if module is None and not wrong]
    # Where the verifier refuses what a pass made, the pass succeeds without it.
    for text, (module, _) in zip(refused, runner.run(refused, "--" + name, "--verify-each=false")):
        if module:
            complaints[text] = "makes a module that does not verify"
    made = [(text, module) for text, (module, _) in zip(texts, results) if module]
    for (text, _), (again, wrong) in zip(made, runner.run([module for _, module in made])):
        if again is None:
            complaints[text] = "makes a module that does not parse again"
    return made, complaints


def check_two(runner, name, made):
    """Complaints about a pass run on two modules, which it makes `made` of one by one."""
    pairs = [(text, module) for text, module in made]
    nested = runner.run([text + text for text, _ in pairs], f"--pass-pipeline=builtin.module(builtin.module({name}))")
    alone = runner.run([module + module for _, module in pairs])
    return {text: wrong or "gives something else of the second of two modules"
            for (text, _), (two, wrong), (one, _) in zip(pairs, nested, alone) if two != one}


def report(complaints, origins, path):
    for text, wrong in complaints.items():
        print(f"{origins[text]}: {' '.join(path)} {wrong}")
    return len(complaints)


def main(tool, folders):
    runner, passes, inputs = Runner(tool), list_passes(tool), read_modules(folders)
    parsed = runner.run(list(inputs.values()))
    origins = {module: name for name, (module, _) in zip(inputs, parsed) if module}
    modules = list(origins)
    faults = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = list(pool.map(lambda name: check(runner, name, modules), passes))
        for name, (made, complaints) in zip(passes, first):
            faults += report(complaints, origins, [name])
        for name, complaints in zip(passes, pool.map(lambda i: check_two(runner, passes[i], first[i][0]), range(len(passes)))):
            faults += report(complaints, origins, ["two modules:", name])
        second = {}
        for name, (made, complaints) in zip(passes, first):
            for text, module in made:
                if module not in origins and text not in complaints:
                    second.setdefault(module, f"{origins[text]}: {name}")
        for name, (_, complaints) in zip(passes, pool.map(lambda name: check(runner, name, list(second)), passes)):
            faults += report(complaints, second, [name])
    print(f"{len(passes)} passes, {len(modules)} modules, {len(second)} more behind one pass: {faults} faults")
    return 1 if faults or not passes or not modules else 0


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parent
    sys.exit(main(sys.argv[1], sys.argv[2:] or [here / "Dialect", here / "Transforms", here / "Conversion", here / "Pipelines"]))
