//===- CompleteTokenizerTest.cpp - a folder's files as one tokenizer.json -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ids were written by transformers (test/Inputs/text/make_folders.py).

#include "lib/Import/Tokenizer/CompleteTokenizer.h"

#include "test/unit/Files/TestFolder.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

using namespace xlstm;
using Ids = std::vector<int32_t>;

static const std::string golden = XLSTM_TEST_INPUTS "/text/folders.json";
static constexpr int64_t rows = 512;

class CompleteTokenizerTest : public test::TestFolder {
protected:
  const Json cases = readJsonFile(golden);

  /// The folder of a case.
  void write(const Json &item) {
    Json spec = cases[0]["base"];
    if (item["vocab_merges"] == true) {
      std::string merges = "#version: 0.2\r\n"; // as git on Windows leaves it
      for (const Json &merge : spec["model"]["merges"])
        merges += merge[0].get<std::string>() + " " + merge[1].get<std::string>() + "\r\n";
      put("merges.txt", merges);
      put("vocab.json", spec["model"]["vocab"].dump());
    }
    if (!item["tokenizer"].is_null()) {
      for (const auto &[key, part] : item["tokenizer"].items())
        spec[key] = part;
      put("tokenizer.json", spec.dump());
    }
    for (const auto &[name, content] : item["files"].items())
      put(name, content.dump());
  }
  const Json &find(const std::string &name) const {
    for (const Json &item : cases)
      if (item.value("case", "") == name)
        return item;
    ADD_FAILURE() << "no case " << name;
    return cases[0];
  }
  std::vector<std::string> warningsOf(int64_t embedding = rows) {
    return completeTokenizer(folder, embedding).warnings;
  }
};

TEST_F(CompleteTokenizerTest, givesTheIdsOfTransformers) {
  for (size_t n = 1; n < cases.size(); ++n) {
    SCOPED_TRACE(cases[n]["case"].dump());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    write(cases[n]);
    CompleteTokenizer complete = completeTokenizer(folder, rows);
    ASSERT_TRUE(complete.json.has_value());
    Tokenizer tokenizer = Tokenizer::parse(*complete.json, "complete");
    for (const Json &row : cases[n]["rows"])
      EXPECT_EQ(tokenizer.encode(row["text"].get<std::string>(), true), row["ids"].get<Ids>()) << row["text"];
    put("tokenizer.json", *complete.json); // nothing is missing in it now
    EXPECT_EQ(completeTokenizer(folder, rows).json, complete.json);
  }
}

TEST_F(CompleteTokenizerTest, keepsACompleteFileToTheByte) {
  write(find("no key, a template"));
  std::string text = "  " + cases[0]["base"].dump(3) + "\n";
  put("tokenizer.json", text);
  put("tokenizer_config.json", R"({"add_bos_token": false, "bos_token": null, "pad_token": {"content": "abab"}})");
  put("special_tokens_map.json", "{}");
  EXPECT_NE(completeTokenizer(folder, rows).json, text); // pad_token is no added token yet
  put("tokenizer_config.json", R"({"add_bos_token": false, "bos_token": null})");
  EXPECT_EQ(completeTokenizer(folder, rows).json, text);
}

TEST_F(CompleteTokenizerTest, saysWhatCannotBeDone) {
  put("config.json", R"({"model_type": "llama"})");
  std::string none = folder.string() + ": no tokenizer.json";
  EXPECT_EQ(warningsOf(), (std::vector{none + "; the bundle works on token ids only"}));
  EXPECT_FALSE(completeTokenizer(folder, rows).json);
  put("vocab.json", "{}");
  put("merges.txt", "");
  put("tokenizer_config.json", R"({"tokenizer_class": "CTRLTokenizer"})");
  EXPECT_EQ(warningsOf(),
            (std::vector{none + ", and how vocab.json and merges.txt split a text is known for the classes "
                                "GPT2Tokenizer and Qwen2Tokenizer only, found 'CTRLTokenizer'; the bundle "
                                "works on token ids only"}));
}

TEST_F(CompleteTokenizerTest, namesTokensBeyondTheTablesAndIdsThatAreNotHonoured) {
  write(find("added_tokens_decoder out of order"));
  std::string place = (folder / "tokenizer_config.json").string() + ": added_tokens_decoder: ";
  EXPECT_EQ(warningsOf(), (std::vector{place + "'<y>' has id 269, as in transformers, not 290",
                                       place + "'<x>' has id 270, as in transformers, not 300"}));
  write(find("no key, a template"));
  EXPECT_EQ(warningsOf(),
            (std::vector{folder.string() + ": a text ends with '<e>', also one that is to be continued"}));
  write(find("no key, no template"));
  EXPECT_EQ(warningsOf(), std::vector<std::string>());
  EXPECT_EQ(
      warningsOf(268),
      (std::vector{(folder / "tokenizer.json").string() +
                   ": 1 tokens beyond the embedding's 268 rows, such as 268 ('<e>'); a text with one is refused"}));
  put("config.json", R"({"eos_token_id": [268, 300]})");
  EXPECT_EQ(warningsOf(), (std::vector{(folder / "config.json").string() +
                                       ": eos_token_id is 300, which is no token of tokenizer.json"}));
  put("tokenizer_config.json", R"({"add_bos_token": true})");
  EXPECT_EQ(warningsOf()[0], (folder / "tokenizer_config.json").string() +
                                 ": add_bos_token is true, but no bos_token is known; none is added");
}

TEST_F(CompleteTokenizerTest, refusesMalformedFiles) {
  auto refuses = [&](const char *file, const std::string &text, const std::string &message) {
    write(find("no key, no template"));
    put(file, text);
    EXPECT_ERROR(warningsOf(), message);
    std::filesystem::remove(folder / file);
  };
  refuses("tokenizer_config.json", "[]", "tokenizer_config.json: expected an object, found array");
  refuses("tokenizer_config.json", R"({"add_bos_token": "yes"})", "add_bos_token: expected true or false, found");
  refuses("tokenizer_config.json", R"({"added_tokens_decoder": 3})", "added_tokens_decoder: expected an object");
  refuses("tokenizer_config.json", R"({"added_tokens_decoder": {"a": {"content": "b"}}})", "tokens with their ids");
  refuses("tokenizer_config.json", R"({"added_tokens_decoder": {"-1": {"content": "b"}}})", "tokens with their ids");
  refuses("tokenizer_config.json", R"({"added_tokens_decoder": {"1": {"text": "b"}}})", "tokens with their ids");
  refuses("added_tokens.json", R"({"<x>": "1"})", "added_tokens.json: expected tokens with their ids, found '<x>'");
  refuses("special_tokens_map.json", "3", "special_tokens_map.json: expected an object, found number");
  refuses("tokenizer.json", "[]", "tokenizer.json: expected an object, found array");
  write(find("vocab and merges, GPT-2"));
  put("merges.txt", "#version: 0.2\na b\nab\n");
  EXPECT_ERROR(warningsOf(), "merges.txt:3: expected two tokens with a space between, found 'ab'");
  put("merges.txt", "a zz\n");
  EXPECT_ERROR(warningsOf(), "the token 'zz' is not in the vocabulary");
  put("vocab.json", "[]");
  EXPECT_ERROR(warningsOf(), "vocab.json: expected an object, found array");
}
