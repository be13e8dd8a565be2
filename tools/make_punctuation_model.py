#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a folder with a model of sherpa-onnx (family ct_transformer) whose marks are known.

    make_punctuation_model.py FOLDER [--leave-out KEY]

A token decides alone what follows it: a comma after "3", "c", "hello" and "好", a full stop after
"9", "h", "day" and "天", a question mark after "6", "f", "why" and "吗". Words it does not know
have no mark. The library adds a full stop at the end.
"""
import argparse
import hashlib
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

UNKNOWN = "<unk>"
MARKS = ["<unk>", "_", "，", "。", "？", "、"]
NONE, COMMA, STOP, QUESTION = 1, 2, 3, 4
FOLLOWED_BY = {"3": COMMA, "c": COMMA, "hello": COMMA, "好": COMMA,
               "9": STOP, "h": STOP, "day": STOP, "天": STOP,
               "6": QUESTION, "f": QUESTION, "why": QUESTION, "吗": QUESTION}
OTHERS = [*"0124578", *"abdeg", "good", "world", "there", *"今会开你"]


def make_model(tokens):
    scores = numpy.zeros((len(tokens), len(MARKS)), dtype=numpy.float32)
    for i, token in enumerate(tokens):
        scores[i, FOLLOWED_BY.get(token, NONE)] = 1
    table = numpy_helper.from_array(scores, "table")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "inputs"], ["logits"], axis=0)], "marks",
        [helper.make_tensor_value_info("inputs", TensorProto.INT32, ["N", "T"]),
         helper.make_tensor_value_info("text_lengths", TensorProto.INT32, ["N"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", "T", len(MARKS)])],
        [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--leave-out", help="a key of the metadata")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    tokens = [UNKNOWN, *FOLLOWED_BY, *OTHERS]
    model = make_model(tokens)
    metadata = {"tokens": "|".join(tokens), "punctuations": "|".join(MARKS),
                "unk_symbol": UNKNOWN, "vocab_size": str(len(tokens))}
    for key, value in metadata.items():
        if key != options.leave_out:
            model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model)
    onnx.save(model, str(options.folder / "model.onnx"))
    content = (options.folder / "model.onnx").read_bytes()
    (options.folder / "model.toml").write_text(
        'id = "marks"\nkind = "punctuation"\nbackend = "sherpa"\nlanguages = ["en", "zh"]\n'
        'licence = "Apache-2.0"\n\n[options]\nfamily = "ct_transformer"\n\n[[files]]\n'
        f'role = "model"\npath = "model.onnx"\nsize = {len(content)}\n'
        f'sha256 = "{hashlib.sha256(content).hexdigest()}"\n')


if __name__ == "__main__":
    main()
