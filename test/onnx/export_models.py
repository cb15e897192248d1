"""export_models.py FOLDER [NAME..]: networks with random weights, written as ONNX by PyTorch's two exporters, each with PyTorch's own
answers in the layout of ONNX's tests (`node-tests FOLDER`, `mgc verify --onnx-test FOLDER/NAME`).

Wants torch, onnx, onnxscript (the exporter by torch.export) and transformers: the networks are theirs, as their users export them.
`--tiny`: few and narrow layers, for tests; `--exporter torchscript|dynamo`.
"""
import argparse
import pathlib
import sys
import warnings

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn


class Logits(nn.Module):
    """The first output of a network of transformers, as a plain tensor."""

    def __init__(self, network, names):
        super().__init__()
        self.network, self.names = network, names

    def forward(self, *inputs):
        return self.network(**dict(zip(self.names, inputs)), return_dict=False)[0]


def image(size, batch=1):
    return torch.randn(batch, 3, size, size)


def resnet18(tiny):
    from transformers import ResNetConfig, ResNetForImageClassification
    widths, size = ([8, 16, 24, 32], 64) if tiny else ([64, 128, 256, 512], 224)
    config = ResNetConfig(embedding_size=widths[0], hidden_sizes=widths, depths=[2, 2, 2, 2], layer_type="basic", num_labels=1000)
    return Logits(ResNetForImageClassification(config), ["pixel_values"]), (image(size),)


def mobilenetv2(tiny):
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification
    config = MobileNetV2Config(depth_multiplier=0.35 if tiny else 1.0, num_labels=100 if tiny else 1000)
    return Logits(MobileNetV2ForImageClassification(config), ["pixel_values"]), (image(64 if tiny else 224),)


def vit(tiny):
    from transformers import ViTConfig, ViTForImageClassification
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "image_size": 32} if tiny else {
        "hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6, "intermediate_size": 1536}
    return Logits(ViTForImageClassification(ViTConfig(**sizes)), ["pixel_values"]), (image(32 if tiny else 224),)


def bert(tiny):
    from transformers import BertConfig, BertModel
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 100} if tiny else {}
    length = 16 if tiny else 128
    words = torch.randint(0, 100, (1, length))
    mask = torch.ones(1, length, dtype=torch.int64)
    mask[:, length - 3:] = 0
    return Logits(BertModel(BertConfig(**sizes)), ["input_ids", "attention_mask"]), (words, mask)


class Decoder(nn.Module):
    """One step of GPT-2: the next token, and the keys and values so far."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, token, position, *cache):
        from transformers import DynamicCache
        past = DynamicCache()
        for layer in range(len(cache) // 2):
            past.update(cache[2 * layer], cache[2 * layer + 1], layer)
        out = self.network(input_ids=token, position_ids=position, past_key_values=past, use_cache=True)
        flat = []
        for layer in out.past_key_values.layers:
            flat += [layer.keys, layer.values]
        return (out.logits, *flat)


def gpt2(tiny):
    from transformers import GPT2Config, GPT2LMHeadModel
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 2, "vocab_size": 100} if tiny else {}
    config = GPT2Config(**sizes)
    past = 8 if tiny else 128
    each = (1, config.n_head, past, config.n_embd // config.n_head)
    cache = [torch.randn(each) for _ in range(2 * config.n_layer)]
    return Decoder(GPT2LMHeadModel(config)), (torch.tensor([[7]]), torch.tensor([[past]]), *cache)


class UNet(nn.Module):
    """Two levels down and up, with norms of groups and skips."""

    def __init__(self, width):
        super().__init__()

        def block(i, o):
            return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.GroupNorm(4, o), nn.SiLU(),
                                 nn.Conv2d(o, o, 3, padding=1), nn.GroupNorm(4, o), nn.SiLU())
        self.down1, self.down2, self.middle = block(3, width), block(width, 2 * width), block(2 * width, 4 * width)
        self.up2, self.up1 = nn.ConvTranspose2d(4 * width, 2 * width, 2, 2), nn.Conv2d(2 * width, width, 1)
        self.block2, self.block1, self.out = block(4 * width, 2 * width), block(2 * width, width), nn.Conv2d(width, 2, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(nn.functional.max_pool2d(a, 2))
        c = self.middle(nn.functional.avg_pool2d(b, 2))
        c = self.block2(torch.cat([self.up2(c), b], 1))
        c = nn.functional.interpolate(self.up1(c), scale_factor=2, mode="bilinear", align_corners=False)
        return self.out(self.block1(torch.cat([c, a], 1)))


def unet(tiny):
    return UNet(8 if tiny else 32), (image(32 if tiny else 128),)


class Tagger(nn.Module):
    def __init__(self, words, width, hidden):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, hidden, num_layers=2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, 10)

    def forward(self, words):
        y, (h, c) = self.lstm(self.embed(words))
        return torch.log_softmax(self.out(y), -1), h, c


def lstm(tiny):
    return (Tagger(50, 16, 16), (torch.randint(0, 50, (2, 7)),)) if tiny else (Tagger(1000, 128, 256), (torch.randint(0, 1000, (1, 64)),))


NETWORKS = {"resnet18": resnet18, "mobilenetv2": mobilenetv2, "vit": vit, "bert": bert, "gpt2": gpt2, "unet": unet, "lstm": lstm}


def export(network, inputs, path, exporter):
    kinds = {"torchscript": {"dynamo": False, "opset_version": 17}, "dynamo": {"dynamo": True, "external_data": False}}
    torch.onnx.export(network, inputs, str(path), **kinds[exporter])


def randomize_statistics(network):
    """Norms of batches that nobody trained would do nothing."""
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)


def write(folder, network, inputs, exporter):
    folder.mkdir(parents=True, exist_ok=True)
    export(network, inputs, folder / "model.onnx", exporter)
    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    with torch.no_grad():
        outputs = network(*inputs)
    data = folder / "test_data_set_0"
    data.mkdir(exist_ok=True)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    given = {x.name for x in graph.initializer}
    names = [x.name for x in graph.input if x.name not in given]
    if len(names) != len(inputs):
        sys.exit(f"{folder}: {len(inputs)} inputs became {names}")
    for kind, values in (("input", inputs), ("output", outputs)):
        for i, value in enumerate(values):
            array = np.ascontiguousarray(value.detach().numpy())
            (data / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(array).SerializeToString())
    # Sums in another order, through many layers.
    (folder / "data.json").write_text('{"rtol": 0.001, "atol": 0.0001}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", default=list(NETWORKS))
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--exporter", choices=["torchscript", "dynamo"])
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    failed = False
    for name in options.names or NETWORKS:
        for exporter in [options.exporter] if options.exporter else ["torchscript", "dynamo"]:
            torch.manual_seed(1)
            network, inputs = NETWORKS[name](options.tiny)
            network = network.eval()
            randomize_statistics(network)
            try:
                write(options.folder / f"{name}-{exporter}", network, inputs, exporter)
            except Exception as error:
                failed = True
                print(f"{name}, {exporter}: not exported: {str(error).splitlines()[0] if str(error) else error!r}", file=sys.stderr)
                continue
            print(f"{name}, {exporter}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
