"""Kills a run with SIGKILL at random moments, and fills the disk at each stage: it goes on, and ends in the same bytes.

    python3 test/kills.py build/release/bin/xlstm test/every-stage.yaml FOLDER [--kills 50] [--seed 1]

FOLDER is new. The full disk is a small tmpfs in a mount namespace of its own: root, or a kernel that lets users have
namespaces (unshare -rm), without which that part says so and is left out. --only kills or --only disk does one of them.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

# What a run leaves that has times in it, or is left by the process itself.
TIMED = ("stages.json", "events.out.tfevents", ".lock", ".stages", "recipe.yaml", "report.html")


SLOW = ("compile", "speed")


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


def remove_stage(run, stage):
    """As if it had not been done."""
    stamp = run / ".stages" / stage
    for name in json.loads(stamp.read_text())["outputs"]:
        (run / name).unlink(missing_ok=True)
    shutil.rmtree(run / stage.replace("expert-", "experts/", 1) if stage.startswith(("align", "expert", "on-policy")) else run / ".none",
                  ignore_errors=True)  # metrics and checkpoints
    stamp.unlink()


def leave(disk, room):
    """Fills the disk up to some bytes."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize
    with open(disk / "ballast", "wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, max(1, free - room))


def place_of(line, run):
    """What could not be written, without what is hidden or random in its name."""
    name = line[len("xlstm: error: "):].split(": ")[0].replace(f"{run}/", "")
    return "/".join(part.lstrip(".").split(".")[0] if part.endswith(".tmp") else part for part in name.split("/"))


def fill_at(args, command, disk, stage, room):
    """The stage once more where so many bytes are left; what could not be written, or nothing where all could."""
    run = disk / "run"
    subprocess.run(["cp", "-a", args.folder / "whole", run], check=True)
    remove_stage(run, stage)
    leave(disk, room)
    done = subprocess.run(command(run), capture_output=True, text=True)
    errors = [line for line in done.stderr.splitlines() if line.startswith("xlstm: error: ")]
    assert done.returncode in (0, 1), (stage, room, done.returncode, done.stderr)
    place = ""
    if done.returncode == 1:
        assert len(errors) == 1 and "No space left on device" in errors[0], (stage, room, done.stderr)
        place = place_of(errors[0], run)
        hidden = [str(path) for path in run.rglob(".*.tmp")]
        assert not hidden, (stage, room, hidden)
    (disk / "ballast").unlink()
    subprocess.run(command(run), check=True, capture_output=True)
    compare(args.folder / "whole", run)
    shutil.rmtree(run)
    return place


def fill_stage(args, command, disk, stage, room):
    """With ever more room until all can be written, and in between where that is full elsewhere. Returns the places."""
    places = {}

    def look(room):
        places[room] = fill_at(args, command, disk, stage, room)
        if places[room]:
            print(f"{stage}, {room} bytes left: full at {places[room]}: went on, same bytes", flush=True)
        return places[room]

    while look(room):
        room = max(4096, int((4 if stage in SLOW else 1.6) * room))
    for _ in range(0 if stage in SLOW else 4):
        rooms = sorted(places)
        for one, other in zip(rooms, rooms[1:]):
            if places[one] != places[other] and other - one > 65536:
                look((one + other) // 2)
    return places.values()


def fill(args, command):
    """On a disk that is full at each stage, with ever more room until all of it can be written."""
    disk = args.folder / "disk"
    disk.mkdir()
    size = sum(path.stat().st_size + 4096 for path in (args.folder / "whole").rglob("*"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={3 * size}", "full", disk], check=True)
    stages = args.stages or sorted(path.name for path in (args.folder / "whole/.stages").iterdir() if not path.suffix)
    places = {}
    for stage in stages:
        places[stage] = {place for place in fill_stage(args, command, disk, stage, 0 if stage == stages[0] else 16384) if place}
    found = set.union(*places.values())
    print(f"full at {len(found)} places in {sum(map(bool, places.values()))} stages of {len(stages)}: {', '.join(sorted(found))}")


def fill_apart(args):
    """In a mount namespace of its own."""
    apart = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*apart, "true"], capture_output=True).returncode:
        print("no full disk: unshare --map-root-user --mount is not allowed here")
        return
    words = [sys.executable, __file__, args.xlstm, args.recipe, args.folder, "--only", "mounted", "--stages", *args.stages]
    subprocess.run([*apart, *words], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("xlstm", type=pathlib.Path)
    parser.add_argument("recipe", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stages", nargs="*", default=[], help="at which the disk is full; else at each")
    parser.add_argument("--only", choices=["kills", "disk", "mounted"])  # the last: in the namespace, by this script
    args = parser.parse_args()
    args.folder = args.folder.absolute()
    command = lambda run: [args.xlstm.absolute(), "distill", args.recipe.absolute(), "-o", run]
    if args.only == "mounted":
        return fill(args, command)
    args.folder.mkdir(parents=True)
    start = time.time()
    subprocess.run(command(args.folder / "whole"), check=True, capture_output=True)
    seconds = time.time() - start
    print(f"a whole run takes {seconds:.0f} s", flush=True)
    if args.only != "disk":
        kill(args, command, random.Random(args.seed))
    if args.only != "kills":
        fill_apart(args)


if __name__ == "__main__":
    sys.exit(main())
