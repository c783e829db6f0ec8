"""Writes rows as .jsonl and, with PyPI's pyarrow, as .parquet, and checks that xlstm reads the same documents.

    python3 test/parquet_oracle.py build/release/bin/xlstm FOLDER     # needs pyarrow, and a build with XLSTM_PARQUET
"""

import json
import pathlib
import subprocess
import sys

import pyarrow
import pyarrow.parquet

xlstm, folder = pathlib.Path(sys.argv[1]).absolute(), pathlib.Path(sys.argv[2])
examples = pathlib.Path(__file__).parent.parent / "docs/examples"
folder.mkdir(parents=True)
teacher = folder / "llama"
subprocess.run(["cp", "-r", examples / "tiny-llama", teacher], check=True)
template = pathlib.Path(__file__).parent / "Inputs/text/chat/llama2.jinja"
(teacher / "chat_template.jinja").write_text(template.read_text())
subprocess.run([xlstm, "import", teacher, "-o", folder / "teacher"], check=True, capture_output=True)

texts = [{"text": f"Document {n} says: é, 你好\n" + "word " * n, "weight": n / 2} for n in range(60)]
chats = [{"messages": [{"role": "user", "content": f"What is {n}?"}, {"role": "assistant", "content": f"It is {n}."}]}
         for n in range(60)]
tokens = [{"input_ids": [1, 5 + n, 7], "labels": [-100, 5 + n, 7]} for n in range(60)]


def shards(name, corpus):
    """What a corpus becomes in tokens, by the cache of a run."""
    out = folder / name
    subprocess.run([xlstm, "targets", "make", folder / "teacher", "--corpus", corpus, "-o", out, "-k", "4", "--length", "64"],
                   check=True, capture_output=True)
    return [path.read_bytes() for path in sorted(out.glob("shard-*"))]


for name, rows in (("texts", texts), ("chats", chats), ("tokens", tokens)):
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = pyarrow.Table.from_pylist([dict(row, ignored=[{"a": 1}]) for row in rows])
    for codec in ("snappy", "zstd"):
        pyarrow.parquet.write_table(table, folder / f"{name}-{codec}.parquet", row_group_size=7, compression=codec)
        expected, found = shards(f"{name}-{codec}-lines", folder / f"{name}.jsonl"), shards(
            f"{name}-{codec}-rows", folder / f"{name}-{codec}.parquet")
        assert expected and expected == found, name
    print(name, "alike")
for name, content in (("none.parquet", b"PAR1"), ("other.parquet", None)):
    if content is None:
        pyarrow.parquet.write_table(pyarrow.table({"other": [1]}), folder / name)
    else:
        (folder / name).write_bytes(content)
    done = subprocess.run([xlstm, "targets", "make", folder / "teacher", "--corpus", folder / name, "-o", folder / "no"],
                          capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1, done.stderr
    print(done.stderr.strip())
