// SPDX-License-Identifier: Apache-2.0
// A library with the name of sherpa-onnx's and another version, for tests.
extern "C" const char* SherpaOnnxGetVersionStr();

const char* SherpaOnnxGetVersionStr() {
    return "1.13.4";
}
