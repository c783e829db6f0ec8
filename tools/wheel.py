#!/usr/bin/env python3
"""Makes a Python wheel of a folder that tools/package.sh has made, for machines where torch runs:

    sh tools/build.sh portable xlstm && sh tools/package.sh xlstm-portable
    python3 tools/wheel.py xlstm-portable -o dist
    pip install dist/xlstm-*.whl && xlstm --version

The wheel has the program, what `xlstm compile` links, and the notices; it depends on the very torch that the program was built
against, which has the libraries that it loads. Equal folders give equal bytes."""

import argparse
import base64
import hashlib
import pathlib
import re
import stat
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

START = '''"""Starts the xlstm of this wheel with the LibTorch of the torch package beside it."""

import os
import pathlib
import sys
from importlib.util import find_spec

WANTED = "@TORCH@"


def main():
    spec = find_spec("torch")
    torch = pathlib.Path(os.environ.get("XLSTM_TORCH") or (spec.submodule_search_locations[0] if spec else "."))
    try:
        text = (torch / "version.py").read_text()
    except OSError:
        sys.exit(f"xlstm: error: expected torch {WANTED}, found none; get it: pip install torch=={WANTED.split('+')[0]}")
    if f"'{WANTED}'" not in text:
        sys.exit(f"xlstm: error: expected torch {WANTED}, found another in {torch}; get it: pip install torch=={WANTED.split('+')[0]}")
    program = pathlib.Path(__file__).resolve().parent / "portable" / "bin" / "xlstm"
    paths = [str(torch / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    os.environ["LD_LIBRARY_PATH"] = ":".join(p for p in paths if p)
    os.execv(program, [str(program), *sys.argv[1:]])


if __name__ == "__main__":
    main()
'''

METADATA = """Metadata-Version: 2.1
Name: xlstm
Version: {version}
Summary: Turns a transformer into a hybrid xLSTM whose cost a token does not grow with the text
License: Apache-2.0 WITH LLVM-exception
Requires-Python: >=3.9
Requires-Dist: torch=={torch}

{readme}"""


def settings():
    """Versions, from the places that have them."""
    env = dict(re.findall(r"^(\w+)=([^\s\"]+)$", (ROOT / "tools/versions.env").read_text(), re.M))
    project = re.search(r"project\(\w+\s+VERSION\s+([\d.]+)", (ROOT / "CMakeLists.txt").read_text())
    return project.group(1), env["TORCH_VERSION"], env["TORCH_CUDA"]


def newest_glibc(program):
    """The newest version of glibc's symbols that the program names: what the wheel's tag has to promise."""
    symbols = subprocess.run(["objdump", "-T", program], capture_output=True, text=True).stdout
    versions = {tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_(\d+\.\d+)", symbols)}
    return max(versions, default=(2, 17))


def files_of(folder, version, torch, cuda):
    """{path in the wheel: (bytes, is a program)}"""
    files = {"xlstm/__init__.py": (f'__version__ = "{version}"\n'.encode(), False),
             "xlstm/__main__.py": (START.replace("@TORCH@", f"{torch}+{cuda}").encode(), False)}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder) != pathlib.Path("xlstm"):
            files[f"xlstm/portable/{path.relative_to(folder)}"] = (path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR))
    return files


def write(output, files):
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for name, (data, is_program) in files.items():
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | (0o755 if is_program else 0o644)) << 16
            wheel.writestr(entry, data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="what tools/package.sh made")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path("dist"), help="folder of the wheel")
    args = parser.parse_args()
    program = args.folder / "bin/xlstm"
    if not program.is_file():
        sys.exit(f"wheel: error: {program} is missing: sh tools/package.sh {args.folder}")
    version, torch, cuda = settings()
    major, minor = newest_glibc(program)
    tag = f"py3-none-manylinux_{major}_{minor}_x86_64"
    info = f"xlstm-{version}.dist-info"
    files = files_of(args.folder, version, torch, cuda)
    readme = (ROOT / "README.md").read_text()
    for name, text in (("METADATA", METADATA.format(version=version, torch=torch, readme=readme)),
                       ("WHEEL", f"Wheel-Version: 1.0\nGenerator: tools/wheel.py\nRoot-Is-Purelib: false\nTag: {tag}\n"),
                       ("entry_points.txt", "[console_scripts]\nxlstm = xlstm.__main__:main\n")):
        files[f"{info}/{name}"] = (text.encode(), False)
    record = ""
    for name, (data, _) in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(data)}\n"
    files[f"{info}/RECORD"] = ((record + f"{info}/RECORD,,\n").encode(), False)
    args.output.mkdir(parents=True, exist_ok=True)
    output = args.output / f"xlstm-{version}-{tag}.whl"
    temporary = output.with_suffix(".tmp")
    write(temporary, files)
    temporary.replace(output)
    print(f"{output}: {output.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
