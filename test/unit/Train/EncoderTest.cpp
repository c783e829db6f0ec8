//===- EncoderTest.cpp - what training learns of a conversation -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/Encoder.h"
#include "xlstm/Runtime/Files/Json.h"

using namespace xlstm;
using EncoderTest = test::TestFolder;

namespace fs = std::filesystem;

static const fs::path texts = fs::path(XLSTM_TEST_INPUTS) / "text";

/// A model folder's files about text.
static Encoder makeEncoder(const fs::path &folder, const Json &tokenizer, const std::string &chatTemplate,
                           const Json &special) {
  auto write = [&](const char *name, const std::string &text) { std::ofstream(folder / name) << text; };
  write("tokenizer.json", tokenizer.dump());
  write("chat_template.jinja", chatTemplate);
  write("tokenizer_config.json", special.dump());
  write("config.json", "{}");
  return Encoder::load(folder, 1 << 20);
}

TEST_F(EncoderTest, LearnsTheTokensThatTransformersSaysAreTheAssistants) {
  Json golden = readJsonFile(texts / "chat/answers.json");
  for (const Json &example : golden.at("cases")) {
    Json tokenizer = readJsonFile(texts / example.at("tokenizer").get<std::string>());
    std::string name = example.at("template"), talk = example.at("talk");
    Encoder encoder = makeEncoder(folder, tokenizer.value("tokenizer", tokenizer),
                                  get(texts / ("chat/" + name + ".jinja")), golden.at("special"));
    Document document;
    document.chat = Json{{"messages", golden.at("talks").at(talk)}}.dump();
    std::string place = example.at("tokenizer").get<std::string>() + " " + name + " " + talk, learned;
    document.origin = place;
    TokenDocument found = encoder.encode(document);
    for (uint8_t token : found.learned)
      learned += char('0' + token);
    EXPECT_EQ(found.ids, example.at("ids").get<std::vector<int32_t>>()) << place;
    EXPECT_EQ(learned, example.at("learned").get<std::string>()) << place;
  }
}

TEST_F(EncoderTest, LeavesOutAnswersOfWeightZero) {
  Json tokenizer = readJsonFile(texts / "smollm/tokenizer.json");
  Encoder encoder = makeEncoder(folder, tokenizer,
                                "{% for m in messages %}{{ m.role[0] + m.content }}{% endfor %}"
                                "{% if add_generation_prompt %}a{% endif %}",
                                Json::object());
  auto learned = [&](const std::string &messages) {
    Document document;
    document.chat = "{\"messages\": " + messages + "}";
    TokenDocument found = encoder.encode(document);
    std::vector<int32_t> ids;
    for (size_t n = 0; n < found.ids.size(); ++n)
      if (found.learned[n])
        ids.push_back(found.ids[n]);
    return encoder.vocabulary().tokenizer->decode(ids, false);
  };
  const std::string begin = R"([{"role": "user", "content": "1"}, {"role": "assistant", "content": "2")";
  const std::string end = R"(}, {"role": "user", "content": "3"}, {"role": "assistant", "content": "4"}])";
  EXPECT_EQ(learned(begin + end), "24");
  EXPECT_EQ(learned(begin + R"(, "weight": 0)" + end), "4");
  EXPECT_EQ(learned(begin + R"(, "weight": 1)" + end), "24");
}

TEST_F(EncoderTest, SaysWhatCannotBeWritten) {
  Json tokenizer = readJsonFile(texts / "smollm/tokenizer.json");
  Encoder encoder =
      makeEncoder(folder, tokenizer, get(texts / "chat/mistral.jinja"), {{"bos_token", "<s>"}, {"eos_token", "</s>"}});
  auto document = [](const std::string &messages) {
    Document result;
    result.chat = "{\"messages\": " + messages + "}";
    result.origin = "f.jsonl: document 7";
    return result;
  };
  EXPECT_ERROR(encoder.encode(document(R"([{"role": "assistant", "content": "a"}, {"role": "user", "content": "a"}])")),
               "f.jsonl: document 7: the first 2 messages: ");
  // This template writes the system message with the last question alone, so what is before an answer is not what it
  // was when the answer was due.
  EXPECT_ERROR(encoder.encode(document(R"([{"role": "system", "content": "s"}, {"role": "user", "content": "a"},
                                           {"role": "assistant", "content": "b"}])")),
               "f.jsonl: document 7: message 3: the chat template writes what is before it in another way");
  fs::remove(folder / "chat_template.jinja");
  EXPECT_ERROR(Encoder::load(folder, 1 << 20).encode(document("[]")), "f.jsonl: document 7: a conversation: ");
  Document text;
  text.text = "Hello";
  text.origin = "f.txt: document 1";
  EXPECT_ERROR(Encoder::load(folder, 2).encode(text), "f.txt: document 1: the tokenizer gave token");
  EXPECT_TRUE(Encoder::load(folder, 1 << 20).encode(text).learned.empty());
}
