"""Scripts that made the references need packages that the tests do not."""

collect_ignore_glob = ["own/*.py", "own/*/*.py"]
