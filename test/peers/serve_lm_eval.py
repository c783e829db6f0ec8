#!/usr/bin/env python3
"""lm-evaluation-harness as it comes (PyPI: lm_eval) against a compiled executable's server, beside `xlstm eval` of the same bundle:

    python3 -m venv /tmp/lm && /tmp/lm/bin/pip install 'lm_eval[api]' transformers
    /tmp/lm/bin/python test/peers/serve_lm_eval.py XLSTM BUNDLE CHAT FOLDER [--items 100]

CHAT: BUNDLE, compiled with float weights. The tasks (test/peers/lm_eval) ask the questions of docs/examples/tasks. Accuracies have to
be equal to the last digit, log-likelihoods to the rounding of float32, and greedy texts in
every character. FOLDER: for results."""

import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test"))
from serve_client import Server  # noqa: E402


def samples(folder, task):
    """Those of the newest run, in the order of the items."""
    newest = max(folder.rglob(f"samples_{task}_*.jsonl"), key=lambda path: path.stat().st_mtime)
    lines = [json.loads(line) for line in newest.read_text().splitlines()]
    return sorted(lines, key=lambda line: line["doc_id"]) if "doc_id" in lines[0] else lines


def run_harness(server, tokenizer, folder, items):
    arguments = (f"model=chat,base_url=http://127.0.0.1:{server.port}/v1/completions,num_concurrent=4,tokenizer={tokenizer},"
                 "tokenizer_backend=huggingface,add_bos_token=True,max_length=2048")
    subprocess.run([sys.executable, "-m", "lm_eval", "--model", "local-completions", "--model_args", arguments, "--tasks", "codenext,arith",
                    "--include_path", "test/peers/lm_eval", "--batch_size", "8", "--limit", str(items), "--log_samples", "--output_path",
                    folder / "harness"], check=True, cwd=ROOT, env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"})


def main():
    parser = argparse.ArgumentParser()
    for name in ("xlstm", "bundle", "chat", "folder"):
        parser.add_argument(name)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--tokenizer", default="docs/examples/tiny-llama", help="Hugging Face folder with BUNDLE's tokenizer")
    options = parser.parse_args()
    folder = pathlib.Path(options.folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tasks = ["docs/examples/tasks/codenext.jsonl", "docs/examples/tasks/arith.jsonl"]
    subprocess.run([options.xlstm, "eval", f"own={options.bundle}", "-o", folder / "own", "--items", str(options.items),
                    *(word for task in tasks for word in ("--task", ROOT / task))], check=True)
    with Server(options.chat, "--quiet") as server:
        run_harness(server, options.tokenizer, folder, options.items)

    own, theirs = samples(folder / "own", "codenext"), samples(folder / "harness", "codenext")
    assert len(own) == len(theirs) == options.items
    # The harness counts white space at a prompt's end as the choice's, for all choices of a question alike.
    apart = [[a - float(b[0]) for a, b in zip(x["log_likelihoods"], y["filtered_resps"])] for x, y in zip(own, theirs)]
    worst = max(max(row) - min(row) for row in apart)
    results = json.loads(max((folder / "harness").rglob("results_*.json"), key=lambda p: p.stat().st_mtime).read_text())["results"]
    scores = json.loads((folder / "own" / "results.json").read_text())["models"]["own"]["tasks"]["codenext"]
    for metric in ("acc", "acc_norm"):
        print(f"codenext {metric}: xlstm eval {scores[metric]}, lm_eval {results['codenext'][metric + ',none']}")
        assert scores[metric] == results["codenext"][metric + ",none"]
    # xlstm eval stops a text where it is decided whether the answer is right.
    texts = [(x["output"], y["resps"][0][0]) for x, y in zip(samples(folder / "own", "arith"), samples(folder / "harness", "arith"))]
    other = [text for text in texts if not text[0] or not text[1].startswith(text[0])]
    print(f"log-likelihoods of a question's choices differ alike, to {worst:.1e}; {len(texts) - len(other)} of {len(texts)} greedy texts are equal as far as both go")
    assert worst < 1e-3 and not other, other[:3]


if __name__ == "__main__":
    main()
