"""The lit suite: every .mlir, .test and .c file with a RUN line below test/."""
import os

import lit.formats

config.name = "minigrad"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)

source = os.path.dirname(config.test_source_root)
build = lit_config.params.get("mg_build", os.path.join(source, "build", "release"))
config.test_exec_root = os.path.join(build, "test", "lit")
os.makedirs(config.test_exec_root, exist_ok=True)

llvm = "/usr/lib/llvm-19/bin"
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(build, "bin"), os.path.join(source, "tools"), llvm, os.environ["PATH"]]
)
for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "HOME"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.substitutions += [("%source", source), ("%build", build), ("%python", "/usr/bin/python3")]
