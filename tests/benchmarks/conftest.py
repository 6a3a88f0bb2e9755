"""Benchmarks are run by ``make benchmark``, never collected or imported by the test suite."""

collect_ignore_glob = ["*.py"]
