"""bf16 in NumPy, which has none: two bytes, of type V2, as in .npy files."""
import numpy as np

BF16 = np.dtype("V2")
NUMPY = {"f32": np.dtype("<f4"), "i32": np.dtype("<i4"), "bf16": BF16}


def widen(x):
    """As f32; what is no bf16 as it is."""
    if x.dtype != BF16:
        return x
    bits = np.ascontiguousarray(x).view(np.uint16).astype(np.uint32) << 16
    return bits.view(np.float32).reshape(x.shape)


def narrow(x):
    """f32, no NaN, to bf16: the nearest, ties to even."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    rounded = bits + 0x7FFF + (bits >> 16 & 1)
    return (rounded >> 16).astype(np.uint16).view(BF16).reshape(x.shape)
