//===- BadTokenizerTest.cpp - files that are not a tokenizer we know ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"
#include "test/unit/Text/SmallTokenizer.h"

#include <random>

using namespace xlstm;
using test::make, test::smallTokenizer;

TEST(BadTokenizerTest, ListedFilesSayTheirReason) {
  int tried = 0;
  for (const Json &entry : readJsonFile(XLSTM_TEST_INPUTS "/bad/EXPECT.json")) {
    std::string path = entry["path"];
    if (!path.starts_with("tokenizer/"))
      continue;
    SCOPED_TRACE(path);
    // A regex that backtracks without end shows only on a text.
    auto use = [&] {
      Tokenizer::load(XLSTM_TEST_INPUTS "/bad/" + path).encode("Hello, world " + std::string(60, 'a') + "!", true);
    };
    if (entry.contains("says"))
      EXPECT_ERROR(use(), entry["says"].get<std::string>());
    else
      EXPECT_NO_THROW(use());
    ++tried;
  }
  EXPECT_EQ(tried, 11);
}

/// Each value put in place of a part must be refused with its place.
TEST(BadTokenizerTest, PartsThatAreNotKnown) {
  auto refuse = [](const char *pointer, const Json &value, const std::string &message) {
    Json spec = smallTokenizer();
    spec[Json::json_pointer(pointer)] = value;
    EXPECT_ERROR(make(spec), "t.json: " + message);
  };
  refuse("/model/type", "WordPiece", "model.type: the model 'WordPiece' is not supported");
  refuse("/model/type", "Unigram", "model.vocab: expected an array, found object");
  refuse("/model/vocab", Json::object(), "model.vocab: expected tokens");
  refuse("/model/vocab/ab", 7, "model.vocab: the id 7 of the token 'ab' is that of another token");
  refuse("/model/vocab/ab", -1, "model.vocab.ab: expected a token id from 0");
  refuse("/model/vocab/ab", 1.5, "model.vocab.ab: expected a token id from 0");
  refuse("/model/merges/1", Json::array({"ab", "zz"}), "model.merges[1]: the token 'zz' is not in the vocabulary");
  refuse("/model/merges/1", Json::array({"ab", "c"}), "model.merges[1]: the token 'abc' is not in the vocabulary");
  refuse("/model/merges/1", Json::array({"", "ab"}), "model.merges[1]: expected two tokens, found an empty one");
  refuse("/model/merges/1", "a b c", "model.merges[1]: expected two tokens with a space between");
  refuse("/model/merges/1", 5, "model.merges[1]: expected an array, found number");
  refuse("/model/dropout", 0.1, "model.dropout: expected none");
  refuse("/model/end_of_word_suffix", "</w>", "model.end_of_word_suffix: not supported");
  refuse("/normalizer", {{"type", "BertNormalizer"}}, "normalizer: the normalizer 'BertNormalizer' is not supported");
  refuse("/pre_tokenizer", {{"type", "UnicodeScripts"}},
         "pre_tokenizer: the pre-tokenizer 'UnicodeScripts' is not supported");
  refuse("/pre_tokenizer", nullptr, "decoder: the decoder 'ByteLevel' is not supported");
  refuse("/decoder", {{"type", "WordPiece"}}, "decoder: the decoder 'WordPiece' is not supported");
  refuse("/decoder", nullptr, "decoder: expected a ByteLevel decoder, found none");
  refuse("/post_processor", {{"type", "BertProcessing"}}, "post_processor: the post-processor 'BertProcessing'");
  refuse("/added_tokens/0/content", "", "added_tokens[0]: expected a content of 1 to 1024 bytes, found 0");
  refuse("/added_tokens/0/id", 3, "added_tokens[0]: the id 3 of the token '<eos>' is that of another token");
  refuse("/added_tokens/0/special", "yes", "added_tokens[0].special: expected true or false, found string");
}

/// The same of SentencePiece's kinds.
TEST(BadTokenizerTest, PartsOfSentencePiece) {
  Json unigram = readJsonFile(XLSTM_TEST_INPUTS "/text/sentencepiece/unigram.json")["tokenizer"];
  Json llama = readJsonFile(XLSTM_TEST_INPUTS "/text/sentencepiece/llama2.json")["tokenizer"];
  auto refuse = [](Json spec, const char *pointer, const Json &value, const std::string &message) {
    spec[Json::json_pointer(pointer)] = value;
    EXPECT_ERROR(make(spec), message);
  };
  refuse(unigram, "/model/vocab", Json::array(), "model.vocab: expected 1 to 4194303 tokens, found 0");
  refuse(unigram, "/model/vocab/3", Json::array({"a"}), "model.vocab[3]: expected a token and its score, found 1");
  refuse(unigram, "/model/vocab/3/1", "x", "model.vocab[3][1]: expected a number, found");
  refuse(unigram, "/model/unk_id", 100000, "model.unk_id: expected an id below ");
  refuse(unigram, "/pre_tokenizer/replacement", "ab", "pre_tokenizer.replacement: expected one character, found 'ab'");
  refuse(unigram, "/pre_tokenizer/prepend_scheme", "last", "pre_tokenizer.prepend_scheme: expected always, first or");
  refuse(unigram, "/normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "!"}},
         "expected base64, found '!'");
  refuse(unigram, "/normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "AAAA"}},
         "normalizer.precompiled_charsmap: expected a trie");
  refuse(llama, "/model/unk_token", "<nothing>", "model.unk_token: the token '<nothing>' is not in the vocabulary");
  refuse(llama, "/normalizer/normalizers/1/pattern", {{"String", ""}}, "expected a string that is not empty");
  refuse(llama, "/decoder/decoders/0/type", "CTC", "decoder.decoders[0]: the decoder 'CTC' is not supported");
  refuse(llama, "/decoder/decoders/3/content", "", "decoder.decoders[3].content: expected one character, found ''");
}

TEST(BadTokenizerTest, StepsThatAreNotKnown) {
  auto refuse = [](const Json &step, const std::string &message) {
    Json spec = smallTokenizer();
    Json last = spec["pre_tokenizer"];
    spec["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", Json::array({step, last})}};
    EXPECT_ERROR(make(spec), "t.json: pre_tokenizer.pretokenizers[" + message);
  };
  auto split = [](const char *kind, const char *pattern, const char *behavior) {
    return Json{{"type", "Split"}, {"pattern", {{kind, pattern}}}, {"behavior", behavior}};
  };
  refuse(split("Regex", "(a", "Isolated"), "0].pattern: the regex is not valid at byte 2: missing closing parenthesis");
  refuse(split("Regex", "a", "Sideways"), "0].behavior: the behavior 'Sideways' is not known");
  refuse(split("Glob", "a", "Isolated"), "0].pattern.String: expected a string, found nothing");
  refuse(smallTokenizer()["pre_tokenizer"], "1]: expected no step after ByteLevel");
  refuse({{"type", 1}}, "0].type: expected a string, found number");
}

/// No damage to a file may do worse than an Error, in reading it or in using it.
TEST(BadTokenizerTest, SurvivesDamage) {
  Json spec = smallTokenizer();
  Json last = spec["pre_tokenizer"];
  Json split = {{"type", "Split"}, {"pattern", {{"Regex", "\\s+(?!\\S)|[a-c]+|\\d{1,3}"}}}, {"behavior", "Isolated"}};
  spec["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", Json::array({split, last})}};
  std::string good = spec.dump();
  std::mt19937 engine(5);
  int opened = 0;
  for (int n = 0; n < 3000; ++n) {
    std::string text = good;
    for (int edits = 1 + int(engine() % 3); edits > 0; --edits) {
      size_t at = engine() % 2 ? engine() % text.size() : good.find("Split") - 100 + engine() % 300;
      switch (engine() % 3) {
      case 0:
        text[at] = "{}[]\",:0a\\*+(?"[engine() % 14];
        break;
      case 1:
        text.erase(at, 1 + engine() % 4);
        break;
      default:
        text.insert(at, text.substr(engine() % text.size(), engine() % 8));
      }
    }
    try {
      Tokenizer tokenizer = Tokenizer::parse(text, "t.json");
      tokenizer.decode(tokenizer.encode("abcab <eos> 12345  \n", true), true);
      ++opened;
    } catch (const Error &) {
    }
  }
  EXPECT_GT(opened, 100);
}
