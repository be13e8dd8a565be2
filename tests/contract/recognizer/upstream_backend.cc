// SPDX-License-Identifier: Apache-2.0
// Over a server within the test that hears the digits in the audio it is sent.
#include "engine/tone/tone_recognizer.h"
#include "engine/upstream/test_server.h"
#include "engine/upstream/upstream_recognizer.h"

#include "models/model_card.h"
#include "recognizer/backends.h"
#include <boost/json.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace tutti::engine::contract {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// The samples of the WAV file in a form; its "data" says how many bytes they have.
std::vector<std::int16_t> samples_in(std::string_view body) {
    const auto file = body.find("RIFF");
    const auto data = body.find("data", file);
    if (file == body.npos || data == body.npos) throw std::runtime_error("no audio");
    std::uint32_t size = 0;
    std::memcpy(&size, body.data() + data + 4, sizeof size);
    std::vector<std::int16_t> samples(size / 2);
    if (body.size() < data + 8 + size) throw std::runtime_error("half a file");
    std::memcpy(samples.data(), body.data() + data + 8, size);
    return samples;
}

std::string answer_to(const std::vector<std::int16_t>& samples) {
    ToneRecognizer recognizer;
    const auto heard = recognize(recognizer, samples).hypothesis;
    json::array words;
    const auto seconds = [](proto::Millis time) { return static_cast<double>(time.count()) / 1e3; };
    for (const auto& word : heard.words)
        words.push_back(json::object{
            {"word", word.text}, {"start", seconds(word.start)}, {"end", seconds(word.end)}});
    return json::serialize(json::object{{"text", heard.text}, {"words", words}});
}

class Upstream : public Backend {
  public:
    // A part of a word may be heard as the word by a server that does not know of the other part.
    Upstream() : Backend({.streams_at_once = 100, .sets_words_aside = false}) {
        auto name = (fs::temp_directory_path() / "upstream-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("no folder can be made");
        folder_ = name;
        const models::ModelCard card{.id = "far",
                                     .backend = "upstream",
                                     .options = {{"url", server_.url()},
                                                 {"remote_model", "m"},
                                                 {"words", "true"},
                                                 {"retries", "0"}}};
        std::ofstream(folder_ / models::kCardName) << models::print(card);
        factory_ = load_upstream(folder_);
    }
    ~Upstream() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    std::unique_ptr<Recognizer> recognizer() override { return factory_(proto::StreamMode::live); }
    Speech speech(std::size_t n) override { return speak_digits(n); }
    bool provoke(Recognizer& recognizer) override {
        is_ill_ = true;
        struct Cure {
            std::atomic<bool>& is_ill;
            ~Cure() { is_ill = false; }
        } cure{is_ill_};
        recognize(recognizer, speak_digits(0).samples);
        return true;
    }

  private:
    std::atomic<bool> is_ill_ = false;
    TestServer server_{[this](TestServer::Peer& peer) {
        if (is_ill_) return peer.reply(500, "ill");
        peer.reply(200, answer_to(samples_in(peer.request().body())));
    }};
    fs::path folder_;
    RecognizerFactory factory_;
};

}  // namespace

std::unique_ptr<Backend> make_upstream() {
    return std::make_unique<Upstream>();
}

}  // namespace tutti::engine::contract
