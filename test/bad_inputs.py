#!/usr/bin/env python3
"""Gives `xlstm import` every malformed input of a corpus and checks that it does what EXPECT.json says.

EXPECT.json is a list of {path, kind, why, expect}; paths are relative to the folder that holds bad/, or to the corpus
itself. kind: config, index (whole folders), safetensors, tokenizer (placed into a good folder), onnx, gguf. expect:
  reject  exit status 1, one line on stderr that names a file, nothing left at the output
  accept  exit status 0 (safetensors: read, and refused for the weights that it lacks)
  warn    either
A config or index folder may leave out files: they are those of config/good and index/good. make_links.sh, where there is
one, is run in a copy. With limits, each import takes at most 2 s of the processor (the clock would measure what else the
machine does; who waits for ever is killed) and no more memory than the input's size and 256 MB.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

SECONDS, PATIENCE, MEGABYTES = 2, 120, 256


def copy_beside(source, target, skip=()):
    """Copies the files of a folder that `target` lacks."""
    for file in source.iterdir():
        if file.is_file() and file.name not in skip and not (target / file.name).exists():
            shutil.copy(file, target)


def prepare(case, corpus, scratch):
    """What to import for a case."""
    path = corpus / case["path"].removeprefix("bad/")
    if case["kind"] in ("config", "index"):
        folder = path.parent
        lacks_shard = "missing" in folder.name  # the case is that a file is not there
        copy_beside(corpus / case["kind"] / "good", folder, [f.name for f in (corpus / "index/good").glob("*.safetensors")]
                    if lacks_shard else ())
        return folder
    if case["kind"] in ("safetensors", "tokenizer"):
        folder = scratch / "folder"
        folder.mkdir()
        shutil.copy(path, folder / ("model.safetensors" if case["kind"] == "safetensors" else "tokenizer.json"))
        copy_beside(corpus / "config/good", folder)
        return folder
    return path


def size_of(path):
    return path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


def run(command):
    """Exit status, stderr, seconds of the processor and the largest resident set in bytes."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        killer = threading.Timer(PATIENCE, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        killer.cancel()
        process.returncode = 0  # reaped above
        errors.seek(0)
        text = errors.read().decode(errors="replace")
    return os.waitstatus_to_exitcode(status), text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def judge(case, status, text, left):
    """What is wrong with a result; nothing when all is right."""
    lines = text.splitlines()
    is_refusal = (status == 1 and len(lines) == 1 and not left and
                  re.fullmatch(r"xlstm: error: .*/[^/]+: .+", lines[0], re.DOTALL))
    is_success = status == 0 and left and all(line.startswith("xlstm: warning: ") for line in lines)
    if case["kind"] == "safetensors" and case["expect"] == "accept":
        is_success = is_refusal and "is missing" in lines[0]
    allowed = {"reject": (is_refusal,), "accept": (is_success,), "warn": (is_refusal, is_success)}[case["expect"]]
    return None if any(allowed) else f"expected {case['expect']}, found exit status {status}: {text.strip()[:300]}"


def check(xlstm, corpus, limits, case):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        source = prepare(case, corpus, scratch)
        status, text, seconds, memory = run([xlstm, "import", str(source), "-o", str(scratch / "bundle")])
        fault = judge(case, status, text, (scratch / "bundle").exists())
        if limits and not fault and seconds > SECONDS:
            fault = f"took {seconds:.1f} s"
        if limits and not fault and memory > size_of(source) + MEGABYTES * 2**20:
            fault = f"took {memory >> 20} MB"
    return case, fault, text.strip(), seconds, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path, help="the folder with EXPECT.json")
    parser.add_argument("--xlstm", default="xlstm", help="the driver to run")
    parser.add_argument("--no-limits", action="store_true", help="do not check time and memory (sanitizers)")
    parser.add_argument("--only", default="", help="only cases whose path contains this")
    parser.add_argument("-v", "--verbose", action="store_true", help="print what every case says")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as copy:
        corpus = pathlib.Path(copy) / "bad"
        shutil.copytree(options.corpus, corpus)
        if (corpus / "make_links.sh").exists():
            subprocess.run(["sh", str(corpus / "make_links.sh"), str(corpus)], check=True)
        cases = [case for case in json.loads((corpus / "EXPECT.json").read_text()) if options.only in case["path"]]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda case: check(options.xlstm, corpus, not options.no_limits, case), cases))
    for case, fault, text, seconds, memory in results:
        if fault:
            print(f"{case['path']} ({case['why']}): {fault}")
        elif options.verbose:
            print(f"{case['path']}: {text.replace(copy, '')}")
    bad = sum(fault is not None for _, fault, *_ in results)
    print(f"{len(results) - bad} of {len(results)} do what {options.corpus / 'EXPECT.json'} says; at most "
          f"{max(r[3] for r in results):.2f} s and {max(r[4] for r in results) >> 20} MB")
    sys.exit(bad != 0)


if __name__ == "__main__":
    main()
