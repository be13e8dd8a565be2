// SPDX-License-Identifier: Apache-2.0
// An engine with one fault, which the name of its model's folder tells: it crashes or hangs when it
// loads, or crashes when it first decodes. Else it hears nothing.
#include <csignal>
#include <engine/run_engine.h>
#include <unistd.h>

#include <filesystem>

namespace engine = tutti::engine;

namespace {

std::string folder;

bool has_fault(const char* name) {
    return std::filesystem::path(folder).filename() == name;
}

class Stream : public engine::RecognizerStream {
  public:
    void accept_audio(std::span<const std::int16_t> samples) override {
        length_ += static_cast<engine::SamplePos>(samples.size());
    }
    void input_finished(engine::Ending) override {}
    bool is_ready() const override { return decoded_ < length_; }
    engine::Hypothesis partial() override { return {}; }
    engine::Outcome result() override { return {{}, length_, {}}; }

    void decode() {
        if (has_fault("decode-crash")) std::raise(SIGSEGV);
        decoded_ = length_;
    }

  private:
    engine::SamplePos length_ = 0;
    engine::SamplePos decoded_ = 0;
};

class Recognizer : public engine::Recognizer {
  public:
    std::unique_ptr<engine::RecognizerStream> create_stream(engine::StreamOptions) override {
        return std::make_unique<Stream>();
    }
    void decode(std::span<engine::RecognizerStream* const> ready) override {
        for (auto* stream : ready) static_cast<Stream*>(stream)->decode();
    }
};

std::unique_ptr<engine::Recognizer> load(tutti::proto::StreamMode) {
    if (has_fault("load-crash")) std::raise(SIGSEGV);
    while (has_fault("load-hang")) ::pause();
    return std::make_unique<Recognizer>();
}

}  // namespace

int main(int argc, char** argv) {
    return engine::run_engine(argc, argv,
                              {.name = "faulty",
                               .version = "1",
                               .flags = {{"--model-dir", "Folder of the model", &folder}},
                               .load_recognizer = load});
}
