#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a folder with a model of sherpa-onnx (family pyannote) to which tones are speakers.

    make_speaker_model.py FOLDER [--leave-out KEY]

Each row of a telephone keypad is a speaker: its keys share one tone (697, 770, 852, 941 Hz).

Segmentation: in windows of 5 s, the energy of each tone, by correlation with a sine and a cosine.
697 and 941 Hz are both the window's speaker 0, so only far from each other can the embedding tell
them apart; 770 and 852 Hz are 1 and 2. Embedding: which of the four tones' mel bins is the loudest,
as a vector with one large number.
"""
import argparse
import hashlib
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

RATE = 16000
ROWS = (697, 770, 852, 941)
LOCAL_SPEAKER = (0, 1, 2, 0)
WINDOW, FIELD, SHIFT = 5 * RATE, 991, 270
CLASSES = 7  # none, three speakers alone, three pairs of them
BINS = 80


def mel(hertz):
    return 1127 * numpy.log(1 + hertz / 700)


class Graph:
    def __init__(self):
        self.nodes, self.weights = [], []

    def constant(self, value, kind=numpy.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.array(value, dtype=kind), name))
        return name

    def add(self, operator, *inputs, name=None, **attributes):
        name = name or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def model(self, inputs, outputs, metadata):
        graph = helper.make_graph(self.nodes, "speakers", inputs, outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        for key, value in metadata.items():
            model.metadata_props.add(key=key, value=str(value))
        onnx.checker.check_model(model)
        return model


def tensor(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def segmentation_model():
    graph = Graph()
    time = numpy.arange(FIELD) * 2 * numpy.pi / RATE
    fade = numpy.hanning(FIELD) * 2 / FIELD
    kernels = [wave(hertz * time) * fade for hertz in ROWS for wave in (numpy.sin, numpy.cos)]
    parts = graph.add("Conv", "x", graph.constant(numpy.array(kernels)[:, None, :]),
                      kernel_shape=[FIELD], strides=[SHIFT])
    energy = graph.add("Transpose", graph.add("Mul", parts, parts), perm=[0, 2, 1])
    weights = numpy.zeros((2 * len(ROWS), CLASSES))
    bias = numpy.full(CLASSES, -1.0)
    bias[0] = 0.0004  # the energy of a tone of amplitude 0.04
    for row, speaker in enumerate(LOCAL_SPEAKER):
        weights[2 * row:2 * row + 2, 1 + speaker] = 1
        bias[1 + speaker] = 0
    scores = graph.add("MatMul", energy, graph.constant(weights))
    graph.add("Add", scores, graph.constant(bias), name="y")
    return graph.model([tensor("x", ["N", 1, "T"])], [tensor("y", ["N", "F", CLASSES])],
                       {"num_speakers": 3, "powerset_max_classes": 2, "num_classes": CLASSES,
                        "sample_rate": RATE, "window_size": WINDOW, "receptive_field_size": FIELD,
                        "receptive_field_shift": SHIFT})


def embedding_model():
    graph = Graph()
    low, high = mel(20.0), mel(RATE / 2 - 400)
    weights = numpy.full((BINS, len(ROWS)), -1 / BINS)
    for row, hertz in enumerate(ROWS):
        weights[round((mel(hertz) - low) / (high - low) * (BINS + 1)) - 1, row] += 1
    mean = graph.add("ReduceMean", "x", axes=[1], keepdims=0)
    graph.add("Softmax", graph.add("MatMul", mean, graph.constant(weights)), axis=-1, name="y")
    return graph.model([tensor("x", ["N", "T", BINS])], [tensor("y", ["N", len(ROWS)])],
                       {"framework": "3d-speaker", "language": "any",
                        "sample_rate": RATE, "output_dim": len(ROWS), "normalize_samples": 0})


def write_card(folder, files):
    lines = ['id = "voices"', 'kind = "diarization"', 'backend = "sherpa"', "languages = []",
             'licence = "Apache-2.0"', "", "[options]", 'family = "pyannote"',
             "clustering_threshold = 0.5"]
    for role, file in files.items():
        content = (folder / file).read_bytes()
        lines += ["", "[[files]]", f'role = "{role}"', f'path = "{file}"', f"size = {len(content)}",
                  f'sha256 = "{hashlib.sha256(content).hexdigest()}"']
    (folder / "model.toml").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--leave-out", help="a key of the metadata")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    files = {"segmentation": "segmentation.onnx", "embedding": "embedding.onnx"}
    for role, model in (("segmentation", segmentation_model()), ("embedding", embedding_model())):
        for i, entry in reversed(list(enumerate(model.metadata_props))):
            if entry.key == options.leave_out:
                del model.metadata_props[i]
        onnx.save(model, str(options.folder / files[role]))
    write_card(options.folder, files)


if __name__ == "__main__":
    main()
