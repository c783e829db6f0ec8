#!/usr/bin/env python3
"""Makes the evidence of docs/results/evidence.md: prepares data, runs the recipes of runs.yaml, scores, tabulates.

    evidence.py prepare --data CORPORA --work WORK    halves the held-out text: what chooses, what is reported
    evidence.py run     --work WORK [--only REGEX]    distils, several runs at once, on --gpus cards; goes on where it was stopped
    evidence.py score   --work WORK [--only REGEX]    every student against its teacher, on the other half and on tasks;
                                                      --tasks 'arith|define' takes those alone, --tasks 'a^' none:
                                                      they take most of the time
    evidence.py tables  --work WORK                   what was scored, as Markdown

CORPORA has DOMAIN/train.txt.xz and DOMAIN/valid.txt.xz (documents separated by a line <|eos|>), and tasks/. WORK has the
teachers' folders, named as the recipes name them, and data/chat, which chat.py makes. XLSTM is the program (default: xlstm), DEVICE cuda or cpu.
Needs Python 3.9 and PyYAML.
"""
import argparse
import concurrent.futures
import json
import lzma
import os
import pathlib
import queue
import re
import shutil
import statistics
import subprocess
import sys
import time
from functools import partial

import yaml

HERE = pathlib.Path(__file__).resolve().parent
XLSTM, DEVICE = os.environ.get("XLSTM", "xlstm"), os.environ.get("DEVICE", "cuda")
DOMAINS = ["prose", "knowledge", "code", "math"]
BORDER = "<|eos|>\n"
NEEDLES = [256, 512, 1024, 1800]
RECALL = [1024, 4096, 8192]
TABLES = {
    "Bits per byte, per cent over the teacher; KL and top-1 agreement with it":
        [*DOMAINS, "chat", "KL", "top 1"],
    "Tasks": ["arith", "wordproblem", "codenext", "define", "lastword", *(f"needle {n}" for n in NEEDLES), "C_0", "alpha*"],
    "Facts found whole, nats a token": [f"{what} {length}" for length in RECALL for what in ("facts", "nats")],
}


def prepare(args):
    """Even documents of a held-out corpus choose (valid), odd ones are reported (test)."""
    data = args.work / "data"
    data.mkdir(parents=True, exist_ok=True)
    for domain in DOMAINS:
        source = args.data / domain
        shutil.copyfile(source / "train.txt.xz", data / f"{domain}.train.txt.xz")
        documents = lzma.open(source / "valid.txt.xz", "rt", newline="").read().split(BORDER)
        for name, half in (("valid", documents[::2]), ("test", documents[1::2])):
            (data / f"{domain}.{name}.txt").write_text(BORDER.join(half), newline="")
    for task in (args.data / "tasks").glob("*.jsonl"):
        shutil.copyfile(task, data / task.name)
    facts(data)


def facts(data):
    """The corpus of facts to look back for, of the training text alone."""
    texts = [data / f"{domain}.train.txt.xz" for domain in DOMAINS]
    (data / "facts").mkdir(exist_ok=True)
    for part, documents, seed in (("train", 2000, 1), ("valid", 40, 2)):
        subprocess.run([XLSTM, "facts", *texts, "-o", data / "facts" / f"{part}.jsonl", "--documents", str(documents), "--seed",
                        str(seed)], check=True)


def expand():
    """Every run by name: its recipe, with the keys of `set` put in."""
    runs = {}
    for name, what in yaml.safe_load((HERE / "runs.yaml").read_text()).items():
        for seed in what.get("seeds", [1]):
            recipe = yaml.safe_load((HERE / (what["base"] + ".yaml")).read_text())
            for path, value in {**what.get("set", {}), "seed": seed}.items():
                *folders, last = path.split(".")
                at = recipe
                for folder in folders:
                    at = at[folder]
                at[last] = value
            runs[f"{name}.{seed}" if "seeds" in what else name] = recipe
    return runs


def chosen(args):
    return {name: recipe for name, recipe in expand().items() if re.search(args.only, name)}


def place(recipe, work):
    """The recipe with its paths below the work folder."""
    recipe["teacher"] = str(work / recipe["teacher"])
    for domain in recipe["domains"].values():
        for key in domain:
            domain[key] = str(work / "data" / domain[key])
    keep = recipe["keep"]
    keep["target_store"] += f"-{recipe['distill']['top_k']}"
    recipe["keep"] = {key: str(work / folder) for key, folder in keep.items()}
    return recipe


def call(command, log, card):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": card} if card else None
    with open(log, "a") as out:
        return subprocess.run([XLSTM, *map(str, command)], stdout=out, stderr=out, env=environment).returncode


def timed(what, name, start, code):
    return f"{name}: {what} in {time.time() - start:.0f} s" if code == 0 else f"{name}: failed ({code}), see recipes/{name}.log"


def distil(name, recipe, args, card):
    """What of a run is done stays: that is xlstm distill's own business."""
    path, start = args.work / "recipes" / f"{name}.yaml", time.time()
    path.write_text(yaml.safe_dump(place(recipe, args.work), sort_keys=False))
    code = call(["distill", path, "-o", args.work / "runs" / name, "--device", DEVICE], path.with_suffix(".log"), card)
    if code == 0:
        merges(name, recipe, args.work, card)
    return timed("distilled", name, start, code)


def merges(name, recipe, work, card):
    """Other merges of the experts of a run, beside its own uniform one."""
    folder = work / "runs" / name
    experts = list(recipe["experts"])
    if len(experts) < 2:
        return
    models = [{"model": str(folder / f"expert-{expert}")} for expert in experts]
    linear = {"merge_method": "linear", "models": [{**model, "parameters": {"weight": 1}} for model in models]}
    ties = {"merge_method": "ties", "base_model": str(folder / "aligned"), "parameters": {"density": 0.5, "weight": 1}, "models": models}
    tune = ["--tune", "loss", "--tokens", 8192, "--device", DEVICE] + [
        part for name, texts in recipe["domains"].items() if name != "facts" for part in ("--domain", f"{name}={texts['valid']}")]
    for kind, config, extra in (("tuned", linear, tune), ("ties", ties, [])):
        if not (folder / f"merged-{kind}").exists():
            path = work / "recipes" / f"{name}.{kind}.yaml"
            path.write_text(yaml.safe_dump(config))
            call(["merge", path, "-o", folder / f"merged-{kind}", *extra], work / "recipes" / f"{name}.log", card)


def students(name, work):
    """What of a run is scored: bundles by name. What no training changed is scored of one seed."""
    kinds = ["merged", "merged-tuned", "merged-ties"]
    if name.startswith(("base", "smollm2", "experts")) and not name.endswith((".2", ".3")):
        kinds += ["window-sinks", "aligned"]
    found = {f"{name}-{kind}": work / "runs" / name / kind for kind in kinds}
    return {key: path for key, path in found.items() if (path / "bundle.json").exists()}


def score(name, recipe, args, card):
    out, data = args.work / "scores" / name, args.work / "data"
    bundles = students(name, args.work)
    if (out / "results.json").exists() or not bundles:
        return f"{name}: " + ("scored before" if bundles else "no student")
    command = ["eval", f"teacher={args.work / 'runs' / name / 'teacher'}", *(f"{key}={path}" for key, path in bundles.items()),
               "-o", out, "--piece", recipe["length"], "--tokens", args.tokens, "--items", args.items, "--device", DEVICE]
    for domain in DOMAINS:
        command += ["--domain", f"{domain}={data / domain}.test.txt"]
    if "chat" in recipe["domains"]:
        command += ["--domain", f"chat={data / 'chat/test.jsonl'}"]
    for task in sorted(data.glob("*.jsonl")):
        if re.search(args.tasks, task.stem):
            command += ["--task", task]
    start, log = time.time(), args.work / "recipes" / f"{name}.log"
    code = call(command, log, card)
    if code == 0 and name.startswith("smollm2"):
        code = recall(command[1:2 + len(bundles)], out, data, log, card)
    return timed("scored", name, start, code)


def recall(bundles, out, data, log, card):
    """Facts planted in held-out text, over more tokens than the tasks have."""
    return call(["recall", *bundles, "--lengths", *RECALL, "--facts", 48, "-o", out / "recall.json", "--device", DEVICE]
                + [part for d in DOMAINS for part in ("--domain", f"{d}={data / d}.test.txt")], log, card)


def each(work_on, args):
    """Several runs at once, each on the card that has the fewest; nothing is begun after --minutes."""
    for folder in ("runs", "recipes"):
        (args.work / folder).mkdir(parents=True, exist_ok=True)
    deadline = time.time() + 60 * args.minutes
    cards = queue.SimpleQueue()
    for job in range(args.jobs):
        cards.put(str(job % args.gpus) if args.gpus > 1 else "")

    def one(item):
        if time.time() > deadline:
            return f"{item[0]}: not begun"
        card = cards.get()
        try:
            return work_on(*item, args, card)
        finally:
            cards.put(card)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for text in pool.map(one, chosen(args).items()):
            print(text, flush=True)


def recalled(folder, model):
    file = folder / "recall.json"
    found = json.loads(file.read_text())["models"] if file.exists() else []
    return {f"{what} {row['length']}": row[key] for entry in found if entry["name"] == model for row in entry["lengths"]
            for what, key in (("facts", "whole"), ("nats", "nats"))}


def scores(work):
    """{(run without its seed, student): [numbers of a seed, ...]}"""
    found, recipes = {}, expand()
    for file in sorted((work / "scores").glob("*/results.json")):
        results, run = json.loads(file.read_text()), file.parent.name
        models = results["models"]
        for model, score in models.items():
            bits = {d: 100 * (b / models["teacher"]["bits_per_byte"][d] - 1) for d, b in score["bits_per_byte"].items()}
            metric = {t: s["metric"] for t, s in results["settings"]["tasks"].items()}
            numbers = {**bits, **{t: value[metric[t]] for t, value in score["tasks"].items() if t != "needle"}}
            for length in NEEDLES if "needle" in score["tasks"] else []:
                numbers[f"needle {length}"] = score["tasks"]["needle"][f"exact_match_{length}"]
            if model != "teacher":
                agreement = results["agreement"][model].values()
                numbers["KL"] = statistics.mean(a["kl"] for a in agreement)
                numbers["top 1"] = statistics.mean(a["top1"] for a in agreement)
                if score["tasks"]:
                    numbers["C_0"] = results["c_alpha"][model]["c_0"]
                    numbers["alpha*"] = results["c_alpha"][model]["alpha_star"]
            numbers.update(recalled(file.parent, model))
            if model == "teacher":
                found[("teacher", recipes[run]["teacher"])] = [numbers]
            else:
                found.setdefault((re.sub(r"\.\d$", "", run), model[len(run) + 1:]), []).append(numbers)
    return found


def cell(values, name):
    """The mean over seeds, and how far they lie apart."""
    digits, sign = (2, "+") if name in (*DOMAINS, "chat") else (3, "")
    text = f"{statistics.mean(values):{sign}.{digits}f}"
    return text + (f" ±{(max(values) - min(values)) / 2:.{digits}f}" if len(values) > 1 else "")


def tables(args):
    found = scores(args.work)
    (args.work / "scores.json").write_text(json.dumps({" ".join(key): rows for key, rows in found.items()}, indent=1))
    for title, names in TABLES.items():
        print(f"\n{title}\n\n| run | student | seeds | {' | '.join(names)} |\n|---|---|---|{'---|' * len(names)}")
        for (run_name, student), rows in found.items():
            if not any(n in rows[0] for n in names):
                continue
            cells = [cell([row[n] for row in rows], n) if n in rows[0] else "" for n in names]
            print(f"| {run_name} | {student} | {len(rows)} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["prepare", "run", "score", "tables"])
    parser.add_argument("--work", type=lambda p: pathlib.Path(p).resolve(), required=True)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--gpus", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9, help="begin nothing after that")
    parser.add_argument("--tokens", type=int, default=65536)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--tasks", default="", help="a regular expression of names; default: all")
    args = parser.parse_args()
    {"prepare": prepare, "run": partial(each, distil), "score": partial(each, score), "tables": tables}[args.what](args)


if __name__ == "__main__":
    main()
