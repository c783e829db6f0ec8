"""Kills a run with SIGKILL at random moments, and fills the disk at each stage: it goes on, and ends in the same bytes.

    python3 test/kills.py build/release/bin/xlstm RECIPE.yaml FOLDER [--kills 50] [--seed 1]

FOLDER is new. A full disk is a library that is loaded before others and refuses to write to files of one output; cc makes it.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

FULL = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Whether a file is of the output FULL_IN, of which FULL_AFTER bytes may be written. */
static long long left = -1;
static int is_full(int file, size_t count) {
  char link[64], path[4096];
  const char *wanted = getenv("FULL_IN");
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (!wanted || size < 0)
    return 0;
  path[size] = 0;
  if (!strstr(path, wanted))
    return 0;
  if (left < 0)
    left = atoll(getenv("FULL_AFTER"));
  left = left > (long long)count ? left - (long long)count : 0;
  return left == 0;
}

#define WRAP(type, name, parameters, arguments, file, count)                                                           \
  type name parameters {                                                                                               \
    static type(*real) parameters;                                                                                     \
    if (!real)                                                                                                         \
      *(void **)&real = dlsym(RTLD_NEXT, #name);                                                                       \
    if (is_full(file, count)) {                                                                                        \
      errno = ENOSPC;                                                                                                  \
      return -1;                                                                                                       \
    }                                                                                                                  \
    return real arguments;                                                                                             \
  }
WRAP(ssize_t, write, (int f, const void *b, size_t n), (f, b, n), f, n)
WRAP(ssize_t, pwrite, (int f, const void *b, size_t n, off_t o), (f, b, n, o), f, n)
WRAP(ssize_t, pwrite64, (int f, const void *b, size_t n, off_t o), (f, b, n, o), f, n)
WRAP(ssize_t, writev, (int f, const struct iovec *v, int n), (f, v, n), f, 4096)
WRAP(ssize_t, copy_file_range, (int a, off64_t *x, int f, off64_t *y, size_t n, unsigned g), (a, x, f, y, n, g), f, n)
WRAP(ssize_t, sendfile, (int f, int a, off_t *o, size_t n), (f, a, o, n), f, n)
"""

# What a run leaves that has times in it, or is left by the process itself.
TIMED = ("stages.json", "events.out.tfevents", ".lock", ".stages", "recipe.yaml", "report.html")


def contents(run):
    files = {}
    for path in sorted(run.rglob("*")):
        name = str(path.relative_to(run))
        timed = any(part in TIMED for part in path.relative_to(run).parts) or name.startswith("eval/")
        if path.is_file() and (not timed or name == "eval/results.json"):
            files[name] = path.read_bytes()
    return files


def compare(whole, run):
    expected, found = contents(whole), contents(run)
    differing = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
    assert not differing, f"{run}: other than {whole}: {sorted(differing)}"


def stage_of(log):
    """The last stage that began."""
    begun = [line.split("]")[0][1:] for line in log.read_text(errors="replace").splitlines() if line.endswith("begins")]
    return begun[-1] if begun else "before any"


def run_until(process, log, chance, times):
    """Kills a process some time after it began a stage, or before any; each stage a few times. Returns its exit code."""
    seen, deadline = None, time.time() + chance.uniform(0, 0.6) if chance.random() < 0.1 else None
    while process.poll() is None:
        stage = stage_of(log)
        if stage != seen and times[stage] < 4 and chance.random() < 0.5:
            deadline = time.time() + chance.uniform(0, 1)
        if deadline and time.time() >= deadline:
            process.send_signal(signal.SIGKILL)
            times[stage] += 1
            deadline = None
        seen = stage
        time.sleep(0.005)
    return process.wait()


def kill(args, command, chance):
    total = collections.Counter()
    number = 0
    while sum(total.values()) < args.kills:
        run, number = args.folder / f"killed-{number}", number + 1
        times = collections.Counter()
        code = None
        while code != 0:
            log = args.folder / "log"
            with open(log, "wb") as out:
                code = run_until(subprocess.Popen(command(run), stderr=out, stdout=subprocess.DEVNULL), log, chance, times)
            assert code in (0, -signal.SIGKILL), f"exit code {code}: {log.read_text()}"
        total += times
        compare(args.folder / "whole", run)
        print(f"{run.name}: ended in the same bytes; {sum(total.values())} kills so far", flush=True)
        shutil.rmtree(run)
    for stage, count in total.most_common():
        print(f"  {count:3} kills in {stage}")


def fill(args, command, outputs):
    library = args.folder / "full.so"
    (args.folder / "full.c").write_text(FULL)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, args.folder / "full.c", "-ldl"], check=True)
    for output, after in outputs:
        run = args.folder / "full"
        environment = dict(os.environ, LD_PRELOAD=str(library), FULL_IN=f"{run}/{output}", FULL_AFTER=str(after))
        done = subprocess.run(command(run), env=environment, capture_output=True, text=True)
        last = done.stderr.strip().splitlines()[-1]
        assert done.returncode == 1 and "No space left on device" in last and last.startswith("xlstm: error: "), (
            output, done.returncode, last)
        hidden = [str(path) for path in run.rglob(".*.tmp")]
        assert not hidden, hidden
        subprocess.run(command(run), check=True, capture_output=True)
        compare(args.folder / "whole", run)
        print(f"full disk at {output}: {last[len('xlstm: error: '):][:110]}: went on, same bytes", flush=True)
        shutil.rmtree(run)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("xlstm", type=pathlib.Path)
    parser.add_argument("recipe", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.folder = args.folder.absolute()
    args.folder.mkdir(parents=True)
    command = lambda run: [args.xlstm.absolute(), "distill", args.recipe.absolute(), "-o", run]
    start = time.time()
    subprocess.run(command(args.folder / "whole"), check=True, capture_output=True)
    seconds = time.time() - start
    print(f"a whole run takes {seconds:.0f} s", flush=True)
    kill(args, command, random.Random(args.seed))
    # ".teacher" is what becomes "teacher": outputs are made under a hidden name beside their place.
    experts = sorted(path.name for path in (args.folder / "whole/experts").iterdir())
    outputs = [(".teacher", 1000), ("tokens/", 1000), (".window-sinks", 1000), ("align/metrics.jsonl", 300),
               ("align/checkpoints", 1000), (".aligned", 1000), ("targets/.shard", 1000), (".merged", 1000), (".chat", 1000),
               ("eval/", 1000), (".stages/", 2000)]
    for expert in experts:
        outputs += [(f"experts/{expert}/checkpoints", 1000), (f".expert-{expert}", 1000)]
    if (args.folder / "whole/check").exists():
        outputs.append((".check", 1000))
    fill(args, command, outputs)


if __name__ == "__main__":
    sys.exit(main())
