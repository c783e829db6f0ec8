//===- TokenRowsTest.cpp - packing, against rows worked by hand -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Files/Json.h"

#include <ATen/ops/tensor.h>

#include <algorithm>

using namespace xlstm;
using namespace xlstm::test;

namespace {

template <typename T>
std::vector<T> values(const at::Tensor &tensor) {
  at::Tensor flat = tensor.contiguous();
  return {flat.const_data_ptr<T>(), flat.const_data_ptr<T>() + flat.numel()};
}

using Ids = std::vector<int64_t>;
using Starts = std::vector<int32_t>;

} // namespace

TEST(TokenRows, packsDocumentsAndCutsThemAtTheRow) {
  // Rows of 4: [0 5 6 1 | 0 7 8 9 | 1 0 1 pad]
  TokenRows rows = packDocuments({{0, 5, 6, 1}, {0, 7, 8, 9, 1}, {0, 1}}, {.length = 4});
  ASSERT_EQ(rows.size(), 3);
  EXPECT_EQ(values<int64_t>(rows.ids_NT), (Ids{0, 5, 6, 1, 0, 7, 8, 9, 1, 0, 1, 0}));
  EXPECT_EQ(values<int32_t>(rows.docStart_NT), (Starts{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3}));
  // The cut document's 9 is not followed by its 1: that begins a piece without context. Bos is never a label.
  EXPECT_EQ(values<int64_t>(rows.labels_NT), (Ids{5, 6, 1, -1, 7, 8, 9, -1, -1, 1, -1, -1}));
  EXPECT_EQ(rows.numLabels(), 7);
}

TEST(TokenRows, dropsThePartialRowAndStopsAtMaxRows) {
  std::vector<std::vector<int32_t>> documents = {{0, 2, 3}, {0, 4, 5, 6, 7, 8}, {0, 9}};
  TokenRows whole = packDocuments(documents, {.length = 4, .dropPartial = true});
  EXPECT_EQ(values<int64_t>(whole.ids_NT), (Ids{0, 2, 3, 0, 4, 5, 6, 7}));
  EXPECT_EQ(values<int32_t>(whole.docStart_NT), (Starts{0, 0, 0, 3, 0, 0, 0, 0}));
  EXPECT_EQ(values<int64_t>(whole.labels_NT), (Ids{2, 3, -1, -1, 5, 6, 7, -1}));
  EXPECT_EQ(packDocuments(documents, {.length = 4, .maxRows = 1}).size(), 1);
  EXPECT_EQ(packDocuments(documents, {.length = 4}).size(), 3);
}

TEST(TokenRows, refusesWhatGivesNoRow) {
  EXPECT_ERROR(packDocuments({{0, 1}}, {.length = 4, .dropPartial = true}), "no row of 4 tokens");
  EXPECT_ERROR(packDocuments({}, {.length = 4}), "no row of 4 tokens");
  EXPECT_ERROR(packDocuments({{0, 1}}, {.length = 1}), "length of at least 2");
}

TEST(TokenRows, hashesTellRowsAndBordersApart) {
  TokenRows rows = packDocuments({{1, 2}, {3, 4}, {1, 2, 3, 4}, {1, 2}, {3, 4}}, {.length = 4});
  std::vector<uint64_t> hashes = rows.hashes();
  EXPECT_NE(hashes[0], hashes[1]); // the same ids, another border
  EXPECT_EQ(hashes[0], hashes[2]);
}

TEST(TokenRows, selectsAndConcatenates) {
  TokenRows a = packDocuments({{1, 2, 3, 4, 5, 6}}, {.length = 2}), b = packDocuments({{7, 8}}, {.length = 2});
  TokenRows all = concatenate({a, b});
  std::vector<int64_t> order = {3, 0};
  EXPECT_EQ(values<int64_t>(all.select(order).ids_NT), (Ids{7, 8, 1, 2}));
  order = {4};
  EXPECT_ERROR(all.select(order), "row 4 does not exist");
  EXPECT_ERROR(concatenate({a, packDocuments({{1, 2, 3}}, {.length = 3})}), "rows of 3 tokens cannot follow rows of 2");
}

class CorpusRows : public TestFolder {
protected:
  const std::filesystem::path model = std::filesystem::path(XLSTM_EXAMPLES) / "tiny-llama";
};

TEST_F(CorpusRows, standBetweenTheModelsOwnTokens) {
  Vocabulary vocabulary = Vocabulary::load(model);
  std::vector<int32_t> text = vocabulary.tokenizer->encode("one two", false),
                       next = vocabulary.tokenizer->encode("three", false);
  Ids expected = {0};
  expected.insert(expected.end(), text.begin(), text.end());
  expected.insert(expected.end(), {1, 0});
  expected.insert(expected.end(), next.begin(), next.end());
  expected.push_back(1);
  CorpusFile corpus = CorpusFile::read(put("corpus.txt", "one two\n<|eos|>\nthree\n<|eos|>\n"));
  PackOptions pack{.length = int64_t(expected.size())};
  std::set<Ids> orders;
  for (pack.seed = 0; pack.seed < 16; ++pack.seed)
    orders.insert(values<int64_t>(readRows(corpus, vocabulary, 2048, pack).ids_NT));
  EXPECT_EQ(orders.size(), 2u); // two documents, either first
  EXPECT_TRUE(orders.contains(expected));
  int32_t largest = std::max(*std::ranges::max_element(text), *std::ranges::max_element(next));
  EXPECT_ERROR(readRows(corpus, vocabulary, largest, pack),
               corpus.path().string() + ": the tokenizer gave token " + std::to_string(largest) + " (");
}

TEST_F(CorpusRows, areThoseOfAllDocumentsShuffledHoweverFewAreAskedFor) {
  Vocabulary vocabulary = Vocabulary::load(model);
  std::string text;
  for (int i = 0; i < 300; ++i) // mostly tokens of 16 bytes: a guess of 8 is short of what is asked for
    text += std::to_string(i) + std::string(16 * (i % 60), '=') + "\n<|eos|>\n";
  CorpusFile corpus = CorpusFile::read(put("many.txt", text));
  std::vector<std::string> documents = readDocuments(corpus.path());
  uint64_t state = 5;
  shuffle(documents, state);
  std::vector<std::vector<int32_t>> encoded;
  for (const std::string &document : documents)
    encoded.push_back(vocabulary.encodeDocument(document));
  PackOptions pack{.length = 32, .dropPartial = true, .seed = 5};
  TokenRows all = packDocuments(encoded, pack);
  for (int64_t rows : {0, 1, 7, 50}) {
    pack.maxRows = rows;
    TokenRows some = readRows(corpus, vocabulary, 2048, pack), expected = rows ? all.slice(0, rows) : all;
    EXPECT_EQ(values<int64_t>(some.ids_NT), values<int64_t>(expected.ids_NT)) << rows;
    EXPECT_EQ(values<int32_t>(some.docStart_NT), values<int32_t>(expected.docStart_NT)) << rows;
  }
}

TEST_F(CorpusRows, beginWithARowOrSayWhyNot) {
  Vocabulary vocabulary = Vocabulary::load(model);
  CorpusFile corpus = CorpusFile::read(put("corpus.txt", "one two three\n<|eos|>\nfour\n"));
  auto tokens = int64_t(vocabulary.encodeDocument("one two three").size() + vocabulary.encodeDocument("four").size());
  EXPECT_NO_THROW(checkFirstRow(corpus, vocabulary, 2048, tokens));
  EXPECT_ERROR(checkFirstRow(corpus, vocabulary, 2048, tokens + 1),
               "corpus.txt: no row of " + std::to_string(tokens + 1));
  EXPECT_ERROR(checkFirstRow(corpus, vocabulary, 2, tokens), "corpus.txt: the tokenizer gave token");
}

TEST_F(CorpusRows, comeOutOfTheFileThatWasLookedAt) {
  CorpusFile corpus = CorpusFile::read(put("corpus.txt", "a\n<|eos|>\nbb\n<|eos|>\nccc\n"));
  EXPECT_EQ(corpus.sizes(), (std::vector<uint32_t>{1, 2, 3}));
  std::vector<uint32_t> numbers = {1, 0};
  EXPECT_EQ(corpus.take(numbers), (std::vector<std::string>{"bb", "a"}));
  put("corpus.txt", "a\n<|eos|>\nbb\n<|eos|>\n\xff"); // what lies behind the last that is wanted is not read again
  EXPECT_EQ(corpus.take(numbers), (std::vector<std::string>{"bb", "a"}));
  put("corpus.txt", "a\n<|eos|>\nb\n");
  EXPECT_ERROR(corpus.take(numbers), "corpus.txt: document 2: expected the one that was there at first");
  put("corpus.txt", "a\n");
  EXPECT_ERROR(corpus.take(numbers), "corpus.txt: expected 3 documents as at first, found 1");
  EXPECT_ERROR(CorpusFile::read(put("empty.txt", "")), "empty.txt: holds no document");
  EXPECT_ERROR(CorpusFile::read(put("bad.txt", "a\n<|eos|>\n\xff")), "bad.txt: invalid UTF-8 at byte 10");
}

TEST_F(CorpusRows, beginAndEndAsTheTokenizerSays) {
  Json spec = readJsonFile(model / "tokenizer.json");
  std::filesystem::create_directories(folder / "model");
  put("model/config.json", R"({"bos_token_id": 0, "eos_token_id": [7, 8]})");
  auto load = [&] {
    put("model/tokenizer.json", spec.dump());
    return Vocabulary::load(folder / "model");
  };
  std::vector<int32_t> text = load().tokenizer->encode("one", false);
  auto with = [&](std::vector<int32_t> before, std::vector<int32_t> after) {
    before.insert(before.end(), text.begin(), text.end());
    before.insert(before.end(), after.begin(), after.end());
    return before;
  };
  EXPECT_EQ(load().encodeDocument("one"), with({0}, {7}));
  EXPECT_EQ(load().encodePrompt("one"), with({0}, {}));
  EXPECT_EQ(load().context(), std::vector<int32_t>{});

  Json &single = spec["post_processor"]["processors"][1]["single"];
  single.push_back({{"SpecialToken", {{"id", "<|bos|>"}, {"type_id", 0}}}}); // any token: it ends the text
  EXPECT_EQ(load().encodeDocument("one"), with({0}, {0}));
  EXPECT_EQ(load().encodePrompt("one"), with({0}, {0}));

  spec["post_processor"] = nullptr; // the bos of config.json does not begin a text
  EXPECT_EQ(load().encodeDocument("one"), with({}, {7}));
  EXPECT_EQ(load().encodePrompt("one"), with({}, {}));
  EXPECT_EQ(load().context(), std::vector<int32_t>{0});
  put("model/generation_config.json", R"({"eos_token_id": 9})");
  EXPECT_EQ(load().encodeDocument("one"), with({}, {9}));
  EXPECT_TRUE(load().isEnd(9));
  EXPECT_FALSE(load().isEnd(7));
  put("model/config.json", R"({"bos_token_id": null})");
  EXPECT_EQ(load().context(), std::vector<int32_t>{9});
  put("model/generation_config.json", "{}");
  EXPECT_EQ(load().context(), std::vector<int32_t>{});
  EXPECT_EQ(load().encodeDocument("one"), text);
}

TEST_F(CorpusRows, refuseAFolderThatSaysNothingUseful) {
  put("model/config.json", R"({"bos_token_id": 2048})");
  EXPECT_ERROR(Vocabulary::load(folder / "model"), "model: the model has no tokenizer (tokenizer.json)");
  std::filesystem::copy_file(model / "tokenizer.json", folder / "model/tokenizer.json");
  EXPECT_ERROR(Vocabulary::load(folder / "model"), "config.json: bos_token_id is 2048, expected a token id below 2048");
  put("model/config.json", R"({"eos_token_id": [1, -1]})");
  EXPECT_ERROR(Vocabulary::load(folder / "model"), "config.json: eos_token_id is -1, expected a token id below 2048");
  put("model/config.json", R"({"bos_token_id": "<s>"})");
  EXPECT_ERROR(Vocabulary::load(folder / "model"), "expected a token id below");
  put("model/config.json", "[]");
  EXPECT_ERROR(Vocabulary::load(folder / "model"), "config.json: expected an object, found array");
}
