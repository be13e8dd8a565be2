// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/punctuation_recognizer.h"

#include "engine/sherpa/marks.h"
#include "engine/sherpa/words_of_tokens.h"

namespace tutti::engine::sherpa {
namespace {

Error bad(Errc cause, const char* why) {
    return Error(cause, std::string("a model that punctuates takes ") + why);
}

class PunctuatedStream : public RecognizerStream {
  public:
    explicit PunctuatedStream(std::string text) : work_(std::move(text)) {}

    void accept_audio(std::span<const std::int16_t> samples) override {
        if (!samples.empty()) throw RecognitionError(bad(Errc::bad_request, "no audio"));
    }
    void input_finished(Ending) override { is_finished_ = true; }
    bool is_ready() const override { return is_finished_ && !work_.is_done(); }
    Hypothesis partial() override { return {}; }
    Outcome result() override { return {{work_.text(), {}}, 0, {}}; }
    MarkedText& work() { return work_; }

  private:
    MarkedText work_;
    bool is_finished_ = false;
};

class PunctuationRecognizer : public Recognizer {
  public:
    explicit PunctuationRecognizer(std::shared_ptr<const LoadedModel> model)
        : model_(std::move(model)) {}

    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override {
        if (options.text.empty()) throw RecognitionError(bad(Errc::bad_request, "a text"));
        if (clean_utf8(options.text) != options.text ||
            options.text.find('\0') != std::string::npos)
            throw RecognitionError(bad(Errc::bad_parameter, "a text in UTF-8"));
        return std::make_unique<PunctuatedStream>(std::move(options.text));
    }
    void decode(std::span<RecognizerStream* const> ready) override {
        for (auto* stream : ready) {
            auto& work = static_cast<PunctuatedStream*>(stream)->work();
            work.on_marked(add_marks(work.piece()));
        }
    }
    std::size_t batch_limit() const override { return 1; }

  private:
    std::string add_marks(const std::string& text) const {
        return guarded("punctuate", [&] {
            const auto& api = model_->api();
            const std::unique_ptr<const char, decltype(api.free_punctuated)> marked(
                api.add_punctuation(model_->punctuation(), text.c_str()), api.free_punctuated);
            if (!marked) throw std::runtime_error("no answer");
            return std::string(marked.get());
        });
    }

    std::shared_ptr<const LoadedModel> model_;  // with the factory and the other threads
};

}  // namespace

std::unique_ptr<Recognizer> make_punctuation_recognizer(std::shared_ptr<const LoadedModel> model) {
    return std::make_unique<PunctuationRecognizer>(std::move(model));
}

}  // namespace tutti::engine::sherpa
