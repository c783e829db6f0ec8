"""kill_rank.py RECIPE FOLDER: kills one of two ranks of a run at a random moment, by SIGKILL: the run must end within
30 s with one line that names the rank. Twice at different moments, then the run goes on through its training; a
signal to the launcher stops it behind that."""

import pathlib
import random
import re
import signal
import subprocess
import sys
import time

recipe, folder = sys.argv[1:]
command = ["xlstm", "distill", recipe, "-o", folder, "--processes", "2"]


def children(process):
    return [int(n) for n in pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()]


seed = random.randrange(1 << 30)
print("seed", seed)
random.seed(seed)
for _ in range(2):
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    time.sleep(random.uniform(0.3, 4))
    if run.poll() is not None:
        break
    rank = random.randrange(2)
    victim = children(run.pid)[rank]
    start = time.monotonic()
    subprocess.run(["kill", "-KILL", str(victim)], check=True)
    said = run.communicate(timeout=40)[1]
    assert time.monotonic() - start < 30, said
    errors = [line for line in said.splitlines() if "error" in line]
    assert len(errors) == 1 and re.match(rf"xlstm: error: rank {rank} \(process {victim}\) was ended by signal 9", errors[0]), said
    assert run.returncode == 128 + signal.SIGKILL, run.returncode
run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
for line in run.stderr:
    if line == "[compile] begins\n":
        run.terminate()
        break
said = run.communicate(timeout=40)[1]
assert run.returncode == 128 + signal.SIGTERM, run.returncode
assert said.count("interrupted") == 1, said
print("went on")
