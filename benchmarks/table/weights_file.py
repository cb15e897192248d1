"""safetensors files, as `mgc` reads and writes them."""
import json
import mmap

import numpy as np

import floats
import machine

LINE = 64

NAMES = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8"), "F16": np.dtype("<f2"), "BF16": floats.BF16,
         "I64": np.dtype("<i8"), "I32": np.dtype("<i4"), "I8": np.dtype("i1"), "U8": np.dtype("u1"), "BOOL": np.dtype("?")}


def save(path, arrays):
    header, at = {}, 0
    for name, x in arrays.items():
        dtype = next(key for key, value in NAMES.items() if value == x.dtype)
        header[name] = {"dtype": dtype, "shape": x.shape, "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for x in arrays.values():
            file.write(np.ascontiguousarray(x).data)


def load(path):
    """{name: array}, which lie in the mapped file."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    size = int.from_bytes(data[:8], "little")
    found = {}
    for name, about in json.loads(data[8:8 + size]).items():
        if name == "__metadata__":
            continue
        dtype, (begin, end) = NAMES[about["dtype"]], about["data_offsets"]
        flat = np.frombuffer(data, dtype, (end - begin) // dtype.itemsize, 8 + size + begin)
        found[name] = flat.reshape(about["shape"])
    return found


def in_memory(path, names):
    """Copies of the arrays in this order, as an application keeps them: one
    behind the other in huge pages, where the peers' are as well."""
    found = load(path)
    starts = [0]
    for name in names:
        starts.append(starts[-1] - -found[name].nbytes // LINE * LINE)
    block = machine.memory(max(starts[-1], 1))
    arrays = []
    for name, start in zip(names, starts):
        arrays.append(block[start:start + found[name].nbytes].view(found[name].dtype).reshape(found[name].shape))
        arrays[-1][...] = found[name]
    return arrays
