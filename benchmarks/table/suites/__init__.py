"""The suites by name. A suite's module has `listed()`, the rows that the
documentation shows, and may have `random(seed)`, twenty or thirty that nobody has seen."""
import importlib

NAMES = ("memory", "contraction", "conv", "epilogue", "model", "training")
WITH_RANDOM = ("memory", "contraction", "conv")


def rows(suite, shapes):
    """`shapes`: words "listed", "tiny" and "random:SEED"."""
    module, found = importlib.import_module(f"suites.{suite}"), []
    for kind in shapes:
        found += module.random(int(kind.split(":")[1])) if ":" in kind else getattr(module, kind)()
    return found
