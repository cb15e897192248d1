"""operator_names.py MGC: which operators of ONNX's own domain, as the installed `onnx` package has them, `mgc doctor --onnx` does not name.
Sequences, optionals, strings and the decoding of images are no tensors of ours, and not counted. 1 where fewer than 95 % are there.
"""
import json
import re
import subprocess
import sys

import onnx

NOT_COUNTED = re.compile(r"(?<!Reverse)Sequence|Optional|String|Regex|ImageDecoder")


def main():
    ours = set(json.loads(subprocess.run([sys.argv[1], "doctor", "--onnx", "--json"], check=True, capture_output=True, text=True).stdout))
    theirs = {schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""}
    counted = {name for name in theirs if not NOT_COUNTED.search(name)}
    missing = sorted(counted - ours)
    share = 1 - len(missing) / len(counted)
    print(f"onnx {onnx.__version__}, version {onnx.defs.onnx_opset_version()}: {len(counted) - len(missing)} of {len(counted)} operators "
          f"({100 * share:.1f} %); of {len(theirs)} with those of sequences, optionals, strings and images")
    print("missing: " + (", ".join(missing) or "none"))
    sys.exit(share < 0.95)


if __name__ == "__main__":
    main()
