"""kill_stage.py STAGE RECIPE FOLDER: kills a run, by SIGKILL, as soon as the stage has written a checkpoint that it had
not when the run began, again and again until the run comes to its end."""

import pathlib
import subprocess
import sys
import time

stage, recipe, folder = sys.argv[1:]
checkpoints = pathlib.Path(folder) / stage / "checkpoints"


def there():
    return {path.name for path in checkpoints.glob("step-*")}


kills = 0
while True:
    before = there()
    run = subprocess.Popen(["xlstm", "distill", recipe, "-o", folder], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while run.poll() is None and not there() - before:
        time.sleep(0.002)
    if run.poll() is None:
        run.kill()
    if run.wait() == 0:
        break
    assert run.returncode == -9, run.returncode
    kills += 1
print("killed", kills)
