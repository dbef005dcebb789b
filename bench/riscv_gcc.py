"""Put newer GCCs for RISC-V, which know T-Head's instructions, into a folder, without changing the system::

    python bench/riscv_gcc.py FOLDER [--suite forky] [--versions 14 15 16]
    PATH=FOLDER/bin:$PATH YUNQI_RISCV_COREMARK=coremark yunqi bench riscv

They are Debian's cross compilers with the C library they run on (some 130 MB to fetch, 600 MB unpacked). The suite's index
is checked by Debian's archive key (gpgv, debian-archive-keyring), each package by the index; nothing is installed.
"""

import argparse
import hashlib
import lzma
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
CHILDREN = ("cc1", "cc1plus", "collect2", "lto1", "lto-wrapper")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
_FIELD = re.compile(r"^(Package|Filename|SHA256|Depends|Pre-Depends): (.*)$", re.MULTILINE)


def fetch(path: str) -> bytes:
    """Return a file of the mirror."""
    with urllib.request.urlopen(f"{MIRROR}/{path}", timeout=120) as answer:
        data: bytes = answer.read()
    return data


def index(suite: str) -> dict[str, dict[str, str]]:
    """Return the fields of each package of a suite; the index must carry the archive's signature."""
    with tempfile.NamedTemporaryFile() as signed:
        signed.write(fetch(f"dists/{suite}/InRelease"))
        signed.flush()
        said = subprocess.run(
            ["gpgv", "--keyring", KEYRING, "--output", "-", signed.name], capture_output=True, check=False
        )
    if said.returncode:
        sys.exit(f"The index of {suite} is not signed by a key of {KEYRING}: {said.stderr.decode()[-300:]}")
    packed = fetch(f"dists/{suite}/main/binary-amd64/Packages.xz")
    digest = hashlib.sha256(packed).hexdigest()
    if not re.search(rf"^ {digest} +\d+ main/binary-amd64/Packages\.xz$", said.stdout.decode(), re.MULTILINE):
        sys.exit(f"The list of packages of {suite} is not the one that its index names; try again later.")
    blocks = lzma.decompress(packed).decode().split("\n\n")
    rows = [dict(_FIELD.findall(block)) for block in blocks]
    return {row["Package"]: row for row in rows if "Package" in row}


def needed(packages: dict[str, dict[str, str]], wanted: list[str]) -> list[str]:
    """Return packages with all that they depend on, the first of alternatives."""
    found: list[str] = []
    left = list(wanted)
    while left:
        name = re.split(r"[ (:|]", left.pop().strip())[0]
        if name not in found and name in packages:
            found.append(name)
            for field in ("Depends", "Pre-Depends"):
                left += [part for part in packages[name].get(field, "").split(",") if part.strip()]
    return found


def unpack(packages: dict[str, dict[str, str]], names: list[str], root: Path) -> None:
    """Fetch, check and unpack packages; a merged /usr, as Debian has it."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    for place, name in enumerate(names, 1):
        print(f"{place}/{len(names)} {name}", file=sys.stderr)
        data = fetch(packages[name]["Filename"])
        if hashlib.sha256(data).hexdigest() != packages[name]["SHA256"]:
            sys.exit(f"{name} is not the package that the index names.")
        with tempfile.NamedTemporaryFile(suffix=".deb") as file:
            file.write(data)
            file.flush()
            tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", file.name], capture_output=True, check=True).stdout
        subprocess.run(["tar", "x", "-C", root, "--no-same-owner", "--keep-directory-symlink"], input=tar, check=True)


def wrap(folder: Path, version: int) -> None:
    """Write commands that run the compiler, and all that it calls, on the C library beside it."""
    root, inner, outer = folder / "root", folder / "children" / str(version), folder / "bin"
    start = f'#!/bin/sh\nexec "{root}/usr/lib64/ld-linux-x86-64.so.2" --library-path "{root}/{LIBRARIES}" '
    tools = root / f"usr/libexec/gcc-cross/riscv64-linux-gnu/{version}"
    calls = {inner / name: f'"{tools}/{name}"' for name in CHILDREN if (tools / name).exists()}
    calls |= {inner / name: f'"{root}/usr/bin/riscv64-linux-gnu-{name}"' for name in ("as", "ld")}
    name = f"riscv64-linux-gnu-gcc-{version}"
    calls[outer / name] = f'"{root}/usr/bin/{name}" -B"{inner}/" --sysroot="{root}"'
    for path, command in calls.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{start}{command} "$@"\n')
        path.chmod(0o755)


def main() -> None:
    """Fetch, unpack, wrap, and say what each compiler calls itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--suite", default="forky")
    parser.add_argument("--versions", type=int, nargs="+", default=[14, 15, 16])
    given = parser.parse_args()
    folder = given.folder.resolve()
    packages = index(given.suite)
    wanted = [f"gcc-{version}-riscv64-linux-gnu" for version in given.versions]
    missing = [name for name in wanted if name not in packages]
    if missing:
        sys.exit(f"{given.suite} has no {', '.join(missing)}.")
    unpack(packages, needed(packages, [*wanted, "libc6-dev-riscv64-cross", "linux-libc-dev"]), folder / "root")
    for version in given.versions:
        wrap(folder, version)
        command = [folder / "bin" / f"riscv64-linux-gnu-gcc-{version}", "--version"]
        print(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0])


if __name__ == "__main__":
    main()
