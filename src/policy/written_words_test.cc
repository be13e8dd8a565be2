// SPDX-License-Identifier: Apache-2.0
#include "policy/written_words.h"

#include <gtest/gtest.h>

#include <sstream>

namespace tutti::policy {
namespace {

using proto::Millis;
using proto::Utterance;
using proto::Word;

// Words of 100 ms each from `start` on; "a/1" is one of speaker 1.
Utterance said(std::string text, const std::string& words, int start = 0) {
    Utterance utterance;
    utterance.text = std::move(text);
    utterance.start = Millis(start);
    std::istringstream in(words);
    for (std::string word; in >> word; start += 100) {
        const auto slash = word.find('/');
        utterance.words.push_back(
            {word.substr(0, slash),
             Millis(start),
             Millis(start + 100),
             0.5f,
             {},
             slash == word.npos ? proto::kNoSpeaker : std::stoi(word.substr(slash + 1))});
    }
    utterance.end = Millis(start);
    utterance.confidence = utterance.words.empty() ? 0.f : 0.5f;
    return utterance;
}

std::string shown(std::string text, const std::string& words) {
    Utterances one = {said(std::move(text), words)};
    show_words(one);
    std::string out;
    for (const auto& word : one[0].words)
        out += (&word == &one[0].words[0] ? "" : "|") + word.shown;
    return out;
}

TEST(WrittenWords, AreFoundWithTheirMarks) {
    struct Case {
        const char *text, *words, *shown;
    };
    const Case cases[] = {
        {"hello, there.", "hello there", "hello,|there."},
        {"Hello There", "hello there", "Hello|There"},
        {"\"Well,\" he said.", "well he said", "\"Well,\"|he|said."},
        {"he said: \"no\"", "he said no", "he|said:|\"no\""},
        {"one - two", "one two", "one -|two"},
        {"今天好，你吗？", "今 天 好 你 吗", "今|天|好，|你|吗？"},
        {"你好 hello,今天", "你 好 hello 今 天", "你|好|hello,|今|天"},
        {"¿qué? no", "qué no", "¿qué?|no"},
        {"don't 'cause", "don't 'cause", "don't|'cause"},
        {" spaced  out ", "spaced out", "spaced|out"},
        {"twenty 20 more", "twenty twenty more", "||"},
        {"one two three", "one two", "|"},
        {"one", "one two", "|"},
        {"apple a", "a a", "|"},
        {"", "", ""},
    };
    for (const auto& one : cases) EXPECT_EQ(shown(one.text, one.words), one.shown) << one.text;
}

TEST(WrittenWords, MarksAreTakenOverUtteranceByUtterance) {
    Utterances utterances = {said("hello there", "hello there"), said("", ""),
                             said("今天好", "今 天 好"), said("a.b, c", "")};
    ASSERT_TRUE(take_marks(utterances, "hello, there. 今天。好？ a.b, c."));
    EXPECT_EQ(utterances[0].text, "hello, there.");
    EXPECT_EQ(utterances[1].text, "");
    EXPECT_EQ(utterances[2].text, "今天。好？");
    EXPECT_EQ(utterances[3].text, "a.b, c.");
}

TEST(WrittenWords, AnythingButMarksIsNotTaken) {
    const Utterances before = {said("hello there", "hello there"), said("you", "you")};
    for (const char* marked :
         {"", "hello there", "hello there you me", "hello there. yo", "hello there, me.",
          "hello  there you", "hello there.you", "Hello there you", "hello there you\n",
          "hello\"there you", "hello there you. "}) {
        auto utterances = before;
        EXPECT_FALSE(take_marks(utterances, marked)) << marked;
        EXPECT_EQ(utterances, before) << marked;
    }
    Utterances none;
    EXPECT_TRUE(take_marks(none, ""));
    EXPECT_FALSE(take_marks(none, "."));
}

std::vector<std::string> texts_of(const Utterances& utterances) {
    std::vector<std::string> texts;
    for (const auto& utterance : utterances) texts.push_back(utterance.text);
    return texts;
}

TEST(WrittenWords, SentencesAreCutAtMarksAndAcrossUtterances) {
    const Utterances utterances = {said("one two, three", "one two three", 1000),
                                   said("four. five", "four five", 5000), said("", "", 6000),
                                   said("今天好。天", "今 天 好 天", 7000)};
    const auto sentences = split_sentences(utterances);
    EXPECT_EQ(texts_of(sentences),
              (std::vector<std::string>{"one two,", "three four.", "five 今天好。", "天"}));
    EXPECT_EQ(sentences[1].start, Millis(1200));
    EXPECT_EQ(sentences[1].end, Millis(5100));
    EXPECT_EQ(sentences[1].words.size(), 2u);
    EXPECT_FLOAT_EQ(sentences[1].confidence, 0.5f);
}

TEST(WrittenWords, WithoutWordsAnUtteranceStaysWhole) {
    const auto sentences =
        split_sentences({said("one. two", "", 1000), said("twenty, 20", "twenty twenty", 2000)});
    EXPECT_EQ(texts_of(sentences), (std::vector<std::string>{"one. two twenty, 20"}));
    EXPECT_EQ(sentences[0].start, Millis(1000));
    EXPECT_EQ(sentences[0].end, Millis(2200));
    EXPECT_EQ(sentences[0].words.size(), 2u);
    EXPECT_TRUE(split_sentences({}).empty());
}

TEST(WrittenWords, ASentenceIsWhoseMostOfItIs) {
    const auto sentences =
        split_sentences({said("a b c. d e", "a/0 b/1 c/1 d/0 e/0"), said("f", "f/2", 900)});
    ASSERT_EQ(sentences.size(), 2u);
    EXPECT_EQ(sentences[0].speaker, 1);
    EXPECT_EQ(sentences[1].speaker, 0);
}

TEST(WrittenWords, UtterancesAreCutWhereTheSpeakerChanges) {
    auto wordless = said("x y", "", 3000);
    wordless.speaker = 4;
    const auto parts =
        split_speakers({said("a b, c", "a/0 b/0 c/1", 1000), said("d e", "d/1 e/1", 2000), wordless,
                        said("今天", "今/0 天/1", 4000)});
    EXPECT_EQ(texts_of(parts), (std::vector<std::string>{"a b,", "c", "d e", "x y", "今", "天"}));
    std::vector<int> speakers;
    for (const auto& part : parts) speakers.push_back(part.speaker);
    EXPECT_EQ(speakers, (std::vector<int>{0, 1, 1, 4, 0, 1}));
    EXPECT_EQ(parts[1].start, Millis(1200));
    EXPECT_EQ(parts[2].words.size(), 2u);
}

}  // namespace
}  // namespace tutti::policy
