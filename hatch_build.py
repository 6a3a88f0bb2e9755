"""Compile ``logreg/engine/rows.c`` when the package is built: into the wheel, or into an editable tree.

A compiler is looked for in the environment variable CC, then under its usual names; where there is none, the
build asks for the one that the package ziglang carries. Where it fails, the package goes without the library.
The library calls nothing of Python, so one wheel serves every version of Python on a platform.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "logreg/engine/rows.c"
#: Sums may be contracted (a * b + c in one rounding), never reordered: NaN and infinity keep their meaning.
FLAGS = (
    "-O3",
    "-std=gnu11",
    "-fPIC",
    "-fvisibility=hidden",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
)
#: One compilation per instruction set; logreg/engine/compiled.py chooses among them.
X86_VARIANTS = {
    "baseline": (),
    "avx2": ("-mavx2", "-mfma"),
    "avx512": ("-mavx512f", "-mavx512dq", "-mavx512vl", "-mfma"),
}


def find_compiler() -> list[str] | None:
    """Return the command of a C compiler, None if there is none."""
    if os.environ.get("CC"):
        return shlex.split(os.environ["CC"])
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    return None


def library_name() -> str:
    """Return the name of the library on this platform."""
    return "_rows" + {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")


def compile_library(root: Path, target: Path) -> None:
    """Compile every variant and link them to ``target``, which appears whole or not at all."""
    compiler = find_compiler()
    if compiler is None:
        raise FileNotFoundError("no C compiler: set CC, or install one, or the package ziglang")
    source = root / SOURCE
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    variants = X86_VARIANTS if x86 else {"baseline": ()}
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for variant, flags in variants.items():
            objects.append(str(Path(folder, f"{variant}.o")))
            names = (f"-DVARIANT={variant}", f'-DSOURCE="{digest}"')
            subprocess.run(
                [*compiler, *FLAGS, *flags, *names, "-c", str(source), "-o", objects[-1]], check=True
            )
        linked = Path(folder, target.name)
        subprocess.run([*compiler, "-shared", *objects, "-o", str(linked)], check=True)
        beside = target.with_name(target.name + ".new")
        shutil.copy(linked, beside)
        beside.replace(target)


class LibraryHook(BuildHookInterface[Any]):
    """Builds the library before the wheel is put together."""

    def dependencies(self) -> list[str]:
        """Return what the build needs besides: a compiler, where the machine has none."""
        return [] if self.target_name != "wheel" or find_compiler() else ["ziglang>=0.13"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the base's
        """Compile the library and add it to the wheel."""
        if self.target_name != "wheel":
            return
        target = Path(self.root, SOURCE).with_name(library_name())
        try:
            compile_library(Path(self.root), target)
        except (OSError, subprocess.CalledProcessError) as error:
            # The package is right without its library, only slower: no compiler stands in the way of it.
            target.unlink(missing_ok=True)
            self.app.display_warning(f"{SOURCE} could not be compiled, its work is left to Python: {error}")
            return
        build_data["artifacts"].append(f"/{target.relative_to(self.root).as_posix()}")
        build_data["pure_python"] = False
        place = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{place}"
