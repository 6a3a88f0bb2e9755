"""What the figures were measured on: processor, memory, threads, versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["describe_machine"]

PACKAGES = (
    "logreg-stats",
    "numpy",
    "scipy",
    "pandas",
    "statsmodels",
    "scikit-learn",
    "glum",
    "tabmat",
    "formulaic",
    "patsy",
)


def describe_machine() -> list[tuple[str, str]]:
    """Return (what, value) pairs for the head of the report."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((64, 64)) @ np.ones((64, 64))  # the library shows up once it has been used
    blas = [
        f"{info['internal_api']} {info['version']} for {info.get('architecture', '?')}, "
        f"{info['num_threads']} threads"
        for info in threadpool_info()
        if info["user_api"] == "blas"
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return [
        ("Processor", f"{processor()}, {os.cpu_count()} cores"),
        ("Memory", f"{memory / 2**30:.0f} GiB"),
        ("System", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"),
        ("BLAS of numpy", "; ".join(blas)),
        ("Versions", ", ".join(f"{name} {found(name)}" for name in PACKAGES)),
        ("Load average at the start", f"{os.getloadavg()[0]:.2f}"),
    ]


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def found(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        if name != "logreg-stats":
            return "not installed"
    import logreg

    return logreg.__version__
