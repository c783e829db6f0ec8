//===- TokenRowsTest.cpp - packing, against rows worked by hand -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TokenRows.h"
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
  EXPECT_ERROR(packDocuments(std::vector<TokenView>(), {.length = 4}), "no row of 4 tokens");
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

TEST(TokenRows, labelOnlyWhatIsLearned) {
  std::vector<int32_t> chat = {0, 5, 6, 7, 8}, text = {9, 1};
  std::vector<uint8_t> learned = {0, 0, 1, 0, 1};
  TokenRows rows = packDocuments({TokenView{chat, learned}, TokenView{text, {}}}, {.length = 7});
  EXPECT_EQ(values<int64_t>(rows.labels_NT), (Ids{-1, 6, -1, 8, -1, 1, -1}));
  EXPECT_EQ(rows.numLabels(), 3);
}

class CorpusRows : public TestFolder {
protected:
  /// The tokens of some files, in shards of a few bytes.
  TokenCorpus tokensOf(const std::vector<std::filesystem::path> &files, const Encoder &encoder,
                       TokenOptions options = {.shardBytes = 40, .threads = 3}) {
    std::filesystem::remove_all(folder / "tokens");
    writeTokens(files, encoder, "key", folder / "tokens", options);
    return TokenCorpus::open(folder / "tokens", files[0].string());
  }
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
  TokenCorpus corpus = tokensOf({put("corpus.txt", "one two\n<|eos|>\nthree\n<|eos|>\n")}, Encoder::load(model, 2048));
  PackOptions pack{.length = int64_t(expected.size())};
  std::set<Ids> orders;
  for (pack.seed = 0; pack.seed < 16; ++pack.seed)
    orders.insert(values<int64_t>(readRows(corpus, pack).ids_NT));
  EXPECT_EQ(orders.size(), 2u); // two documents, either first
  EXPECT_TRUE(orders.contains(expected));
  int32_t largest = std::max(*std::ranges::max_element(text), *std::ranges::max_element(next));
  EXPECT_ERROR(tokensOf({folder / "corpus.txt"}, Encoder::load(model, largest)),
               "corpus.txt: document " + std::string(largest == *std::ranges::max_element(text) ? "1" : "2") +
                   ": the tokenizer gave token " + std::to_string(largest) + " (");
}

TEST_F(CorpusRows, areThoseOfAllDocumentsShuffledHoweverFewAreAskedFor) {
  Vocabulary vocabulary = Vocabulary::load(model);
  std::string text;
  for (int i = 0; i < 300; ++i) // mostly tokens of 16 bytes: a guess of 8 is short of what is asked for
    text += std::to_string(i) + std::string(16 * (i % 60), '=') + "\n<|eos|>\n";
  std::filesystem::path file = put("many.txt", text);
  TokenCorpus corpus = tokensOf({file}, Encoder::load(model, 2048), {.shardBytes = 10'000, .threads = 2});
  std::vector<std::string> documents = readDocuments(file);
  uint64_t state = 5;
  shuffle(documents, state);
  std::vector<std::vector<int32_t>> encoded;
  for (const std::string &document : documents)
    encoded.push_back(vocabulary.encodeDocument(document));
  PackOptions pack{.length = 32, .dropPartial = true, .seed = 5};
  TokenRows all = packDocuments(encoded, pack);
  for (int64_t rows : {0, 1, 7, 50}) {
    pack.maxRows = rows;
    TokenRows some = readRows(corpus, pack), expected = rows ? all.slice(0, rows) : all;
    EXPECT_EQ(values<int64_t>(some.ids_NT), values<int64_t>(expected.ids_NT)) << rows;
    EXPECT_EQ(values<int32_t>(some.docStart_NT), values<int32_t>(expected.docStart_NT)) << rows;
  }
}

TEST_F(CorpusRows, beginWithARowOrSayWhyNot) {
  Encoder encoder = Encoder::load(model, 2048);
  const Vocabulary &vocabulary = encoder.vocabulary();
  std::filesystem::path one = put("one.txt", "one two three\n"), other = put("other.txt", "four\n");
  auto tokens = int64_t(vocabulary.encodeDocument("one two three").size() + vocabulary.encodeDocument("four").size());
  EXPECT_NO_THROW(checkFirstRow({{one, other}}, encoder, tokens));
  EXPECT_ERROR(checkFirstRow({{one, other}}, encoder, tokens + 1),
               "one.txt and 1 more: no row of " + std::to_string(tokens + 1));
  EXPECT_ERROR(checkFirstRow({{one, other}}, Encoder::load(model, 2), tokens),
               "one.txt: document 1: the tokenizer gave");
  EXPECT_ERROR(checkFirstRow({{put("no.jsonl", R"({"text": "one two three", "weight": 0})")}}, encoder, 2),
               "no.jsonl: no row of 2 tokens comes out of 0 documents");
}

/// All documents of a corpus, one after the other.
static std::vector<std::vector<int32_t>> documentsOf(const TokenCorpus &corpus) {
  std::vector<std::vector<int32_t>> all;
  for (uint32_t number = 0; number < corpus.size(); ++number)
    all.emplace_back(corpus.document(number).ids.begin(), corpus.document(number).ids.end());
  return all;
}

TEST_F(CorpusRows, areTheSameForAnyShardsAndThreads) {
  Encoder encoder = Encoder::load(model, 2048);
  std::string text, lines;
  std::vector<std::vector<int32_t>> expected;
  for (int n = 0; n < 40; ++n) {
    std::string document = std::string(size_t(n) % 7 + 1, 'x') + " " + std::to_string(n * n);
    (n < 20 ? text += document + "\n<|eos|>\n" : lines += "{\"text\": \"" + document + "\"}\n");
    expected.push_back(encoder.vocabulary().encodeDocument(document));
  }
  std::vector<std::filesystem::path> files = {put("a.txt", text), put("b.jsonl", lines)};
  for (uint64_t shardBytes : {1, 30, 1000})
    for (unsigned threads : {1, 4})
      EXPECT_EQ(documentsOf(tokensOf(files, encoder, {.shardBytes = shardBytes, .threads = threads})), expected);
  EXPECT_ERROR(tokensOf({put("empty.txt", "")}, encoder), "empty.txt: holds no document");
  EXPECT_ERROR(tokensOf({put("bad.txt", "a\n<|eos|>\n\xff")}, encoder), "bad.txt: invalid UTF-8 at byte 10");
}

TEST_F(CorpusRows, goOnWhereTheyWereStoppedAndSeeDamage) {
  Encoder encoder = Encoder::load(model, 2048);
  std::filesystem::path file = put("corpus.txt", "aa\n<|eos|>\nbb\n<|eos|>\ncc\n"), tokens = folder / "tokens";
  TokenOptions options{.shardBytes = 1};
  tokensOf({file}, encoder, options);
  EXPECT_EQ(TokenCorpus::problemOf(tokens), "");
  std::string second = get(tokens / "shard-00001.safetensors"), manifest = get(tokens / "tokens.json");
  std::filesystem::remove(tokens / "tokens.json"); // killed before the last shard
  std::filesystem::remove(tokens / "shard-00002.safetensors");
  EXPECT_ERROR(TokenCorpus::open(tokens, "corpus"), "tokens.json");
  auto time = std::filesystem::last_write_time(tokens / "shard-00001.safetensors");
  writeTokens({{file}}, encoder, "key", tokens, options);
  EXPECT_EQ(get(tokens / "tokens.json"), manifest);
  EXPECT_EQ(std::filesystem::last_write_time(tokens / "shard-00001.safetensors"), time);
  writeTokens({{file}}, encoder, "another", tokens, options);
  EXPECT_NE(get(tokens / "shard-00001.safetensors"), second);
  std::string broken = second;
  broken.back() ^= 1;
  put("tokens/shard-00001.safetensors", broken);
  EXPECT_NE(TokenCorpus::problemOf(tokens).find("shard-00001.safetensors: is damaged"), std::string::npos);
}

TEST_F(CorpusRows, takeADocumentAsOftenAsItsWeightSays) {
  Encoder encoder = Encoder::load(model, 2048);
  std::string lines;
  for (const char *weight : {"0", "1", "2", "3.0"})
    lines += "{\"text\": \"" + std::string(1, char('a' + lines.size() % 26)) + "\", \"weight\": " + weight + "}\n";
  for (int n = 0; n < 1000; ++n)
    lines += "{\"text\": \"z\", \"weight\": 0.25}\n";
  TokenCorpus corpus = tokensOf({put("w.jsonl", lines)}, encoder, {.shardBytes = 100});
  std::map<Ids, int> counts;
  auto length = int64_t(corpus.document(0).ids.size()); // bos, a letter, eos
  at::Tensor rows = readRows(corpus, {.length = length, .seed = 3}).ids_NT;
  for (int64_t row = 0; row < rows.size(0); ++row)
    ++counts[values<int64_t>(rows.select(0, row))];
  auto count = [&](uint32_t number) {
    std::span<const int32_t> ids = corpus.document(number).ids;
    return counts[Ids(ids.begin(), ids.end())];
  };
  EXPECT_EQ(count(0), 0);
  EXPECT_EQ(count(1), 1);
  EXPECT_EQ(count(2), 2);
  EXPECT_EQ(count(3), 3);
  EXPECT_NEAR(count(4), 250, 55); // four standard deviations of a binomial
  EXPECT_EQ(values<int64_t>(readRows(corpus, {.length = length, .seed = 3}).ids_NT), values<int64_t>(rows));
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
