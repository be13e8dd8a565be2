#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a folder with a model of sherpa-onnx (family nemo_ctc) that hears eight tones as letters.

    make_tone_model.py FOLDER --kind asr-streaming [--window 16] [--layers 0] [--capitals]
                       [--leave-out KEY] [--nameless] [--transducer] [--sense-voice]

Tones of 400 to 4500 Hz are the words "a" to "h", or with --capitals "A" to "H"; all else is silence.
The right answer to any audio is known, and the model is made in a moment, so tests and benchmarks
store none.

How it hears: of four feature frames (40 ms) the mean is taken; a letter's score is how far its
tone's mel bin stands out of the mean of all bins, that of the blank a constant. The streaming model
reads each four frames one step late, from a cache: were the states of two streams mixed up, their
letters would be wrong. --layers adds that many transformer layers with random weights (width 256,
64 frames of left context), whose output counts next to nothing, for a realistic amount of work.
--nameless leaves the letter h without a token, and says it is not there: the model loads, and the
library throws over each utterance in which h is heard. --transducer makes a streaming transducer of
the words 一 to 八 instead, which takes hotwords: of several tones at once it hears the loudest, or
the hotword. --sense-voice makes an offline model of that family, which tells the language too: low
tones (a to d) are Chinese, high ones English. It looks every 60 ms, so a letter is not said
twice in a row.
"""
import argparse
import hashlib
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

TONES = {"a": 400, "b": 600, "c": 850, "d": 1200, "e": 1700, "f": 2400, "g": 3300, "h": 4500}
BLANK = len(TONES)
IDEOGRAPHS = "一二三四五六七八"
SENSE_TOKENS = ["<blk>", *(f"▁{letter}" for letter in TONES), "<|zh|>", "<|en|>", "<|NEUTRAL|>",
                "<|Speech|>", "<|woitn|>"]
BINS = 80
STEP = 4  # frames for each output
BLANK_SCORE = 5.0
WIDTH, HIDDEN, CONTEXT = 256, 1024, 64


def mel_htk(hertz):
    return 1127 * numpy.log(1 + hertz / 700)


def mel_slaney(hertz):
    return numpy.where(hertz < 1000, hertz * 3 / 200,
                       15 + numpy.log(numpy.maximum(hertz, 1) / 1000) * 27 / numpy.log(6.4))


def bin_of(hertz, mel, low, high):
    """The filter whose centre is nearest; the centres are evenly spaced on the mel scale."""
    low, high, at = (float(mel(numpy.float64(f))) for f in (low, high, hertz))
    return round((at - low) / (high - low) * (BINS + 1)) - 1


class Graph:
    def __init__(self):
        self.nodes, self.weights = [], []

    def constant(self, value, kind=numpy.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.array(value, dtype=kind), name))
        return name

    def numbers(self, *values):
        return self.constant(values, numpy.int64)

    def add(self, operator, *inputs, name=None, **attributes):
        name = name or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name


def letter_scores(graph, features, is_streaming):
    """(B, BINS, T) -> (B, T / STEP, letters and blank)"""
    mel, low, high = (mel_htk, 20, 7600) if is_streaming else (mel_slaney, 0, 8000)
    weights = numpy.full((BINS, len(TONES) + 1), -1 / BINS)
    weights[:, BLANK] = 0
    for letter, hertz in enumerate(TONES.values()):
        weights[bin_of(hertz, mel, low, high), letter] += 1
    bias = numpy.zeros(len(TONES) + 1)
    bias[BLANK] = BLANK_SCORE
    mean = graph.add("AveragePool", features, kernel_shape=[STEP], strides=[STEP])
    scores = graph.add("MatMul", graph.add("Transpose", mean, perm=[0, 2, 1]),
                       graph.constant(weights))
    return graph.add("Add", scores, graph.constant(bias))


def transformer(graph, features, cache, layers):
    """What the layers say of the letters, made very small, and the caches of the next call."""
    random = numpy.random.default_rng(7)

    def linear(x, inputs, outputs):
        return graph.add("MatMul", x, graph.constant(
            random.standard_normal((inputs, outputs)) / numpy.sqrt(inputs)))

    one, zero = graph.constant(numpy.ones(WIDTH)), graph.constant(numpy.zeros(WIDTH))

    def normal(x):
        return graph.add("LayerNormalization", x, one, zero, axis=-1)

    scale = graph.constant(WIDTH ** -0.5)
    axis, begin, end = graph.numbers(1), graph.numbers(-CONTEXT), graph.numbers(2 ** 31)
    kernel = graph.constant(random.standard_normal((WIDTH, BINS, STEP)) / 18)
    x = graph.add("Conv", features, kernel, kernel_shape=[STEP], strides=[STEP])
    x = graph.add("Transpose", x, perm=[0, 2, 1])
    caches = []
    for layer in range(layers):
        past = graph.add("Gather", cache, graph.constant(layer, numpy.int64), axis=1)
        y = normal(x)
        query, key = linear(y, WIDTH, WIDTH), linear(y, WIDTH, WIDTH)
        seen = graph.add("Concat", past, key, axis=1)
        match = graph.add("MatMul", query, graph.add("Transpose", seen, perm=[0, 2, 1]))
        attention = graph.add("Softmax", graph.add("Mul", match, scale), axis=-1)
        x = graph.add("Add", x, linear(graph.add("MatMul", attention, seen), WIDTH, WIDTH))
        y = graph.add("Relu", linear(normal(x), WIDTH, HIDDEN))
        x = graph.add("Add", x, linear(y, HIDDEN, WIDTH))
        kept = graph.add("Slice", seen, begin, end, axis)
        caches.append(graph.add("Unsqueeze", kept, axis))
    said = graph.add("Mul", linear(normal(x), WIDTH, len(TONES) + 1), graph.constant(1e-4))
    return said, graph.add("Concat", *caches, axis=1)


def tensor(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def offline_model(_):
    graph = Graph()
    graph.add("LogSoftmax", letter_scores(graph, "features", False), axis=-1, name="scores")
    return (graph,
            [tensor("features", ["B", BINS, "T"]), tensor("length", ["B"], TensorProto.INT64)],
            [tensor("scores", ["B", "U", BLANK + 1])],
            {"vocab_size": BLANK, "subsampling_factor": STEP, "normalize_type": ""})


def streaming_model(options):
    graph, window = Graph(), options.window
    channel = (options.layers, CONTEXT, WIDTH) if options.layers else (1, 1, 1)
    time = (1, BINS, STEP)
    axis = graph.numbers(2)
    past = graph.add("Squeeze", "time_cache", graph.numbers(1))
    frames = graph.add("Concat", past, "features", axis=2)
    now = graph.add("Slice", frames, graph.numbers(0), graph.numbers(window), axis)
    scores = letter_scores(graph, now, True)
    channel_next = "channel_cache"
    if options.layers:
        said, channel_next = transformer(graph, "features", "channel_cache", options.layers)
        scores = graph.add("Add", scores, said)
    graph.add("LogSoftmax", scores, axis=-1, name="scores")
    graph.add("Identity", "length", name="scores_length")
    graph.add("Identity", channel_next, name="channel_cache_next")
    rest = graph.add("Slice", frames, graph.numbers(window), graph.numbers(window + STEP), axis)
    graph.add("Unsqueeze", rest, graph.numbers(1), name="time_cache_next")
    graph.add("Add", "cache_length", graph.numbers(window // STEP), name="cache_length_next")

    def states(suffix):
        return [tensor("channel_cache" + suffix, ["B", *channel]),
                tensor("time_cache" + suffix, ["B", *time]),
                tensor("cache_length" + suffix, ["B"], TensorProto.INT64)]

    metadata = {"window_size": window, "chunk_shift": window, "subsampling_factor": STEP,
                "vocab_size": BLANK}
    for i in range(3):
        metadata[f"cache_last_channel_dim{i + 1}"] = channel[i]
        metadata[f"cache_last_time_dim{i + 1}"] = time[i]
    return (graph,
            [tensor("features", ["B", BINS, window]), tensor("length", ["B"], TensorProto.INT64),
             *states("")],
            [tensor("scores", ["B", window // STEP, BLANK + 1]),
             tensor("scores_length", ["B"], TensorProto.INT64), *states("_next")],
            metadata)


def transducer_parts(window):
    """Encoder, decoder and joiner: a word is told in the first step in which it sounds."""
    graph, words = Graph(), len(TONES) + 1
    # Of letters and blank, the order of tokens: here the blank is first.
    scores = letter_scores(graph, graph.add("Transpose", "features", perm=[0, 2, 1]), True)
    order = graph.numbers(BLANK, *range(BLANK))
    scores = graph.add("Gather", scores, order, axis=2)
    letters = graph.add("Slice", scores, graph.numbers(1), graph.numbers(words), graph.numbers(2))
    loudest = graph.add("ReduceMax", letters, axes=[2], keepdims=1)
    sounds = graph.add("Cast", graph.add("Greater", loudest, graph.constant(BLANK_SCORE)),
                       to=TensorProto.FLOAT)
    before = graph.add("Concat", graph.add("Transpose", "h", perm=[1, 0, 2]), sounds, axis=1)
    steps = window // STEP
    past = graph.add("Slice", before, graph.numbers(0), graph.numbers(steps), graph.numbers(1))
    last = graph.add("Slice", before, graph.numbers(steps), graph.numbers(steps + 1),
                     graph.numbers(1))
    hush = graph.constant([0] + [-50] * BLANK)
    graph.add("Add", scores, graph.add("Mul", past, hush), name="scores")
    graph.add("Transpose", last, perm=[1, 0, 2], name="h_next")
    graph.add("Identity", "c", name="c_next")
    state = [1, "B", 1]
    encoder = (graph,
               [tensor("features", ["B", window, BINS]), tensor("h", state), tensor("c", state)],
               [tensor("scores", ["B", steps, words]), tensor("h_next", state),
                tensor("c_next", state)],
               {"model_type": "lstm", "num_encoder_layers": 1, "T": window,
                "decode_chunk_len": window, "rnn_hidden_size": 1, "d_model": 1})
    graph = Graph()
    none = graph.constant(numpy.zeros((words, words)))
    newest = graph.add("Gather", "tokens", graph.constant(1, numpy.int64), axis=1)
    graph.add("Gather", none, newest, axis=0, name="context")
    decoder = (graph, [tensor("tokens", ["B", 2], TensorProto.INT64)],
               [tensor("context", ["B", words])], {"vocab_size": words, "context_size": 2})
    graph = Graph()
    graph.add("Add", "scores", "context", name="logits")
    joiner = (graph, [tensor("scores", ["B", words]), tensor("context", ["B", words])],
              [tensor("logits", ["B", words])], {"joiner_dim": words})
    return {"encoder": encoder, "decoder": decoder, "joiner": joiner}


def sense_voice_model():
    """Each frame has seven of the features, 60 ms after the one before; the middle one is read."""
    graph, letters, words = Graph(), len(TONES), len(SENSE_TOKENS)
    weights, bias = numpy.zeros((BINS, words)), numpy.full(words, -100.0)
    bias[0], bias[1:letters + 1] = BLANK_SCORE, 0
    for letter, hertz in enumerate(TONES.values()):
        weights[:, letter + 1] = -1 / BINS
        weights[bin_of(hertz, mel_htk, 20, 8000), letter + 1] += 1
    middle = graph.add("Slice", "x", graph.numbers(3 * BINS), graph.numbers(4 * BINS),
                       graph.numbers(2))
    scores = graph.add("Add", graph.add("MatMul", middle, graph.constant(weights)),
                       graph.constant(bias))
    mean = graph.add("ReduceMean", scores, axes=[1], keepdims=1)
    # Four frames come before: language, emotion, event, and whether numbers are written as such.
    low_high = numpy.zeros((words, words))
    low_high[1:letters // 2 + 1, SENSE_TOKENS.index("<|zh|>")] = 1
    low_high[letters // 2 + 1:letters + 1, SENSE_TOKENS.index("<|en|>")] = 1
    head = numpy.full((1, 4, words), -1000.0)
    for row, tokens in enumerate((["<|zh|>", "<|en|>"], ["<|NEUTRAL|>"], ["<|Speech|>"],
                                  ["<|woitn|>"])):
        for token in tokens:
            head[0, row, SENSE_TOKENS.index(token)] = 0
    marks = graph.add("Add", graph.add("MatMul", mean, graph.constant(low_high)),
                      graph.constant(head))
    graph.add("Concat", marks, scores, axis=1, name="logits")
    numbers = {"with_itn": 14, "without_itn": 15, "lang_auto": 0, "lang_zh": 3, "lang_en": 4,
               "lang_yue": 7, "lang_ja": 11, "lang_ko": 12, "vocab_size": words,
               "lfr_window_size": 7, "lfr_window_shift": 6, "normalize_samples": 0}
    same = {"neg_mean": 0, "inv_stddev": 1}
    return (graph,
            [tensor("x", ["B", "T", 7 * BINS]),
             *(tensor(name, ["B"], TensorProto.INT32) for name in ("length", "language", "norm"))],
            [tensor("logits", ["B", "U", words])],
            {**numbers, **{key: ",".join([str(value)] * 7 * BINS) for key, value in same.items()}})


def write_model(path, made, left_out):
    graph, inputs, outputs, metadata = made
    model = helper.make_model(
        helper.make_graph(graph.nodes, "tones", inputs, outputs, graph.weights),
        opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    for key, value in metadata.items():
        if key != left_out:
            model.metadata_props.add(key=key, value=str(value))
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def write_card(folder, kind, name, options, roles):
    lines = [f'id = "{name}"', f'kind = "{kind}"', 'backend = "sherpa"', 'languages = ["en"]',
             'licence = "Apache-2.0"', "", "[options]"]
    lines += [f'{key} = "{value}"' for key, value in options.items()]
    for role, file in [*((role, role + ".onnx") for role in roles), ("tokens", "tokens.txt")]:
        content = (folder / file).read_bytes()
        lines += ["", "[[files]]", f'role = "{role}"', f'path = "{file}"', f"size = {len(content)}",
                  f'sha256 = "{hashlib.sha256(content).hexdigest()}"']
    (folder / "model.toml").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--kind", choices=("asr-streaming", "asr-offline"), required=True)
    parser.add_argument("--window", type=int, default=16, help="frames of 10 ms for each call")
    parser.add_argument("--layers", type=int, default=0, help="transformer layers")
    parser.add_argument("--capitals", action="store_true", help="tells two models apart")
    parser.add_argument("--leave-out", help="a key of the metadata")
    parser.add_argument("--nameless", action="store_true", help="without a token for h")
    parser.add_argument("--transducer", action="store_true", help="of ideographs, with hotwords")
    parser.add_argument("--sense-voice", action="store_true", help="offline, tells the language")
    options = parser.parse_args()
    if options.sense_voice and (options.kind != "asr-offline" or options.nameless):
        parser.error("--sense-voice is of kind asr-offline, and all its words have names")
    if options.transducer and (options.kind != "asr-streaming" or options.nameless):
        parser.error("--transducer is of kind asr-streaming, and all its words have names")
    if options.window <= 0 or options.window % STEP:
        parser.error(f"--window must be a multiple of {STEP}")
    options.folder.mkdir(parents=True, exist_ok=True)
    letters = [letter.upper() if options.capitals else letter for letter in TONES]
    letters, card = [f"▁{letter}" for letter in letters], {"family": "nemo_ctc"}
    tokens = [*letters, "<blk>"]
    if options.transducer:
        parts = transducer_parts(options.window)
        tokens = ["<blk>", *IDEOGRAPHS]
        card = {"family": "transducer", "decoding_method": "modified_beam_search",
                "modeling_unit": "cjkchar"}
    elif options.sense_voice:
        parts, tokens = {"model": sense_voice_model()}, SENSE_TOKENS
        card = {"family": "sense_voice"}
    else:
        make = streaming_model if options.kind == "asr-streaming" else offline_model
        parts = {"model": make(options)}
    lines = [f"{token} {i}" for i, token in enumerate(tokens)]
    if options.nameless:
        lines.pop(BLANK - 1)
        parts["model"][3]["vocab_size"] = BLANK - 2
    for role, made in parts.items():
        write_model(options.folder / f"{role}.onnx", made, options.leave_out)
    (options.folder / "tokens.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_card(options.folder, options.kind, "tones-" + options.kind.removeprefix("asr-"), card,
               parts)


if __name__ == "__main__":
    main()
