#!/usr/bin/env python3
"""Documents in which facts are planted and asked for again: training text from which a student can learn to look back.

    facts.py TEXT.txt[.xz] ... -o FACTS.jsonl [--documents N] [--bytes LENGTH] [--seed N]

Each document is a piece of TEXT (documents separated by a line <|eos|>) with facts in six forms, names and values drawn from
the words of TEXT. What asks stands at least a quarter of the document behind what tells. The forms are not those of `xlstm
recall` nor of the needle task, which measure. Needs Python 3.9.
"""
import argparse
import json
import lzma
import pathlib
import random
import re

FORMS = ["The {name} is {value}.", "{name} = {value};", "* {name}: see {value}", "Remember that {name} stands for {value}.",
         "[{name}] {value}", "def {name}(): return \"{value}\""]
FACTS = 8  # a document


def read(path):
    opened = lzma.open(path, "rt", newline="") if path.suffix == ".xz" else open(path, newline="")
    with opened as file:
        return file.read().split("<|eos|>\n")


def fact(words, draw):
    """What tells it, and what asks: the same words, so that only one answer is right."""
    form = draw.choice(FORMS)
    joint = "_" if "(" in form else " "
    name = joint.join(draw.sample(words, 2))
    value = " ".join(draw.sample(words, draw.randint(1, 3))) if draw.random() < 0.6 else str(draw.randrange(10**4, 10**6))
    return form.format(name=name, value=value)


def document(piece, words, draw):
    """Tellings in the first half of the lines, askings from a quarter later on, each a line of its own."""
    lines, total = piece.split("\n"), len(piece)
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    placed = []
    for _ in range(FACTS):
        told = draw.uniform(0, 0.6) * total
        asked = draw.uniform(told + 0.25 * total, total)
        text = fact(words, draw)
        placed += [(told, text), (asked, text)]
    out = []
    for start, line in zip(starts, lines):
        while placed and min(placed)[0] <= start:
            placed.remove(first := min(placed))
            out.append(first[1])
        out.append(line)
    return "\n".join(out + [text for _, text in sorted(placed)]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=pathlib.Path, nargs="+")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--bytes", type=int, default=12000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    texts = ["\n".join(read(path)) for path in args.text]
    words = sorted({word for text in texts for word in re.findall(r"[A-Za-z]{3,16}", text[:2_000_000])})
    with open(args.output, "w", newline="") as out:
        for number in range(args.documents):
            text = texts[number % len(texts)]
            start = draw.randrange(max(1, len(text) - args.bytes))
            out.write(json.dumps({"text": document(text[start:start + args.bytes], words, draw)}) + "\n")


if __name__ == "__main__":
    main()
