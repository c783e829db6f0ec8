"""Fails unless every archive of FOLDER/lib that is Debian's has the notices of its package in FOLDER/licences."""
import pathlib
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
checked = 0
for archive in folder.glob("lib/*.a"):
    if archive.name.startswith(("libXlstm", "libcudart")):
        continue
    owner = subprocess.run(["dpkg-query", "-S", f"*/{archive.name}"], capture_output=True, text=True, check=True).stdout
    packages = {line.split(":")[0] for line in owner.splitlines()}
    notices = [folder / "licences" / f"{package}.txt" for package in packages]
    assert any(notice.exists() and notice.stat().st_size > 500 for notice in notices), (archive, packages)
    checked += 1
assert checked >= 7, checked
