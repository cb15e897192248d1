"""generate_node_tests.py FOLDER: the node tests of the installed `onnx` package, in ONNX's layout: FOLDER/TEST/model.onnx,
FOLDER/TEST/test_data_set_N/{input,output}_M.pb. The package makes them when asked; it ships no files of them.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases


def proto(value, info):
    """The message that stands for a value of the graph."""
    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.from_list(value, info.name)
    if kind == "optional_type":
        return numpy_helper.from_optional(value, info.name)
    if kind == "map_type":
        return numpy_helper.from_dict(value, info.name)
    if isinstance(value, onnx.TensorProto):
        return value
    return numpy_helper.from_array(np.asarray(value), info.name)


def write_case(folder, case):
    folder.mkdir(parents=True, exist_ok=True)
    graph = case.model.graph
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for number, (inputs, outputs) in enumerate(case.data_sets):
        data = folder / f"test_data_set_{number}"
        data.mkdir(exist_ok=True)
        for kind, values, infos in (("input", inputs, graph.input), ("output", outputs, graph.output)):
            for i, (value, info) in enumerate(zip(values, infos)):
                (data / f"{kind}_{i}.pb").write_bytes(proto(value, info).SerializeToString())


def main():
    root = pathlib.Path(sys.argv[1])
    failed = 0
    cases = collect_testcases(None)
    for case in cases:
        try:
            write_case(root / case.name, case)
        except Exception as error:  # a value that the package itself cannot write
            failed += 1
            print(f"{case.name}: {error!r}", file=sys.stderr)
    print(f"onnx {onnx.__version__}: {len(cases) - failed} tests in {root}")


if __name__ == "__main__":
    main()
