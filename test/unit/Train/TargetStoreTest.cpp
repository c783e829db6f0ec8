//===- TargetStoreTest.cpp - a store of targets by content ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The truth is what the teacher answers when it reads a document alone. TargetRowsTest.cpp compares with float64.

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/TargetStore.h"

#include <ATen/ops/tensor.h>

#include <cmath>
#include <fstream>

using namespace xlstm;
using namespace xlstm::test;

namespace fs = std::filesystem;

namespace {

class TargetStoreTest : public TestFolder {
protected:
  fs::path path() const { return folder / "store"; }
  fs::path shard(const std::string &number) const { return path() / ("shard-0000" + number + ".safetensors"); }
  void write(const TokenRows &rows) { writeTargets(program, params, rows, options, path()); }
  TargetStore store() { return TargetStore::open(path()); }

  /// `count` documents of these lengths in turn.
  static std::vector<std::vector<int32_t>> documents(const std::vector<int64_t> &lengths, int32_t seed) {
    std::vector<std::vector<int32_t>> all;
    for (int64_t length : lengths) {
      all.emplace_back();
      for (int64_t n = 0; n < length; ++n)
        all.back().push_back((seed = (seed * 13 + 7) & 0xffff) % TinyVocabulary);
    }
    return all;
  }
  TargetRequests wantedOf(const std::vector<std::vector<int32_t>> &all) {
    TargetRequests wanted;
    for (const auto &document : all)
      wanted.add(document);
    return wanted;
  }
  /// What the teacher answers behind the last of these tokens, which it reads alone.
  Targets answer(std::span<const int32_t> ids) {
    at::Tensor row = at::tensor(std::vector<int64_t>(ids.begin(), ids.end())).unsqueeze(0);
    Targets all = askTeacher(program, params, row, row.mul(0).to(at::kInt), options.format.k);
    return {all.ids_BTK.select(1, -1), all.logprobs_BTK.select(1, -1), all.tail_BT.select(1, -1)};
  }

  Program program = Program::parse(tinyTeacher(), "tiny");
  ParamMap params = tinyTeacherParams();
  TokenRows rows = tinyRows(7, 3);
  TargetOptions options{.format = {.k = 5, .logprobs = DType::F32, .teacher = "tiny", .tokenizer = "none"},
                        .tokensPerShard = 30,
                        .batchTokens = 24};
};

/// Expects what the store has of each token of the rows, which come of `all`, to be an answer to the document up to
/// there from where `begin` says.
void expectAnswers(const TokenRows &rows, const std::vector<std::vector<int32_t>> &all, const Targets &found,
                   const std::function<int64_t(int64_t)> &begin,
                   const std::function<Targets(std::span<const int32_t>)> &answer) {
  for (int64_t row = 0; row < rows.size(); ++row)
    for (const TokenPiece &piece : rows.pieces(row))
      for (int32_t n = 0; n < piece.count; ++n) {
        int64_t at = piece.at + n, from = begin(at);
        Targets want = answer(std::span(all[piece.number]).subspan(size_t(from), size_t(at + 1 - from)));
        auto mine = [&](const at::Tensor &tensor) { return tensor.select(0, row).select(0, piece.column + n); };
        ASSERT_TRUE(mine(found.ids_BTK).equal(want.ids_BTK[0])) << piece.number << " " << at;
        EXPECT_LT((mine(found.logprobs_BTK) - want.logprobs_BTK[0]).abs().max().item<double>(), 1e-5);
        EXPECT_LT((mine(found.tail_BT) - want.tail_BT[0]).abs().item<double>(), 1e-4);
      }
}

} // namespace

// Documents shorter and longer than a row, of 12 and of 40 tokens a row: the same store serves both, whatever the
// pieces, and each token's targets are those of its whole document. So they are where documents share the teacher's
// rows.
TEST_F(TargetStoreTest, AnswersByDocumentAndPositionForRowsOfAnyLength) {
  auto all = documents({5, 30, 12, 1, 41, 7}, 1);
  for (bool packed : {false, true}) {
    options.packed = packed;
    options.format.context = packed ? 64 : 512; // rows with several
    options.format.lookBack = 32;
    fs::remove_all(path());
    writeTargets(program, params, wantedOf(all), options, path());
    for (int64_t length : {12, 40}) {
      TokenRows rows = packDocuments(all, {.length = length});
      expectAnswers(
          rows, all, store().batch(rows), [](int64_t) { return 0; }, [&](auto ids) { return answer(ids); });
    }
  }
}

// Of a document longer than 24 tokens the teacher reads these, then parts of 16 tokens and the 8 before.
TEST_F(TargetStoreTest, ReadsLongDocumentsInParts) {
  options.format.context = 24;
  options.format.lookBack = 8;
  auto all = documents({50, 9}, 2);
  writeTargets(program, params, wantedOf(all), options, path());
  TokenRows packed = packDocuments(all, {.length = 12});
  expectAnswers(
      packed, all, store().batch(packed), [](int64_t at) { return at < 24   ? 0
                                                                  : at < 40 ? 16
                                                                            : 32; },
      [&](auto ids) { return answer(ids); });
}

// What one caller wrote the next does not write again. Of a document there is what was wanted of it, in whole blocks.
TEST_F(TargetStoreTest, GrowsByWhatIsMissing) {
  options.format.context = 24;
  options.format.lookBack = 8; // blocks of 8
  auto all = documents({50, 9, 20}, 3);
  TargetRequests wanted;
  wanted.add(all[0], 10, 20);
  writeTargets(program, params, wanted, options, path());
  EXPECT_EQ(store().numTokens(), 16); // whole blocks
  writeTargets(program, params, wantedOf({all[0], all[1]}), options, path());
  EXPECT_EQ(store().numTokens(), 59);
  auto before = fs::last_write_time(shard("0"));
  writeTargets(program, params, wantedOf(all), options, path());
  EXPECT_EQ(store().numTokens(), 59 + 20);
  EXPECT_EQ(store().numDocuments(), 3u);
  EXPECT_EQ(fs::last_write_time(shard("0")), before);
  store().check(packDocuments(all, {.length = 30}));
}

TEST_F(TargetStoreTest, RoundsToHalfPrecisionAndKeepsAFiniteTail) {
  write(rows);
  Targets exact = store().batch(rows);
  fs::remove_all(path());
  options.format.logprobs = DType::F16;
  write(rows);
  Targets half = store().batch(rows);
  EXPECT_TRUE(half.ids_BTK.equal(exact.ids_BTK));
  at::Tensor off = half.logprobs_BTK.sub(exact.logprobs_BTK).abs();
  EXPECT_LE(off.div(exact.logprobs_BTK.abs()).max().item<double>(), 0x1p-11);
  EXPECT_GT(off.max().item<double>(), 0);
  fs::remove_all(path());
  options.format.k = TinyVocabulary;
  write(rows);
  EXPECT_NEAR(store().batch(rows).tail_BT.max().item<double>(), std::log(1e-30), 1e-3);
}

// 256 of low bits, 95 of high ones, 512 of log-probabilities and 4 of tail; 224 and 80 for a vocabulary of 49,152.
TEST_F(TargetStoreTest, TakesFewBytesAToken) {
  EXPECT_EQ((TargetFormat{.k = 256, .vocabulary = 128256}).tokenBytes(), 867);
  EXPECT_EQ((TargetFormat{.k = 256, .vocabulary = 49152}).tokenBytes(), 820);
  EXPECT_LE((TargetFormat{.k = 256, .vocabulary = 262144}).tokenBytes(), 900);
}

TEST_F(TargetStoreTest, RefusesOtherDocuments) {
  write(rows);
  store().check(rows);
  EXPECT_ERROR(store().check(tinyRows(7, 4)), "no targets for row");
  EXPECT_ERROR(store().batch(packDocuments({{0, 1, 2}}, {.length = 12})), "written for other documents");
}

// The store of another teacher, tokenizer, vocabulary, k, type or context is left as it is.
TEST_F(TargetStoreTest, RefusesAnotherStore) {
  write(rows);
  auto expectRefused = [&](auto change, const char *what) {
    TargetOptions ours = options;
    change(options.format);
    EXPECT_ERROR(write(rows), what);
    options = ours;
  };
  expectRefused([](TargetFormat &format) { format.teacher = "other"; },
                "targets of another teacher: expected \"other\", found \"tiny\"");
  expectRefused([](TargetFormat &format) { format.tokenizer = "other"; }, "targets of another tokenizer");
  expectRefused([](TargetFormat &format) { format.k = 6; }, "targets of another k: expected 6, found 5");
  expectRefused([](TargetFormat &format) { format.logprobs = DType::F16; }, "another logprobs");
  expectRefused([](TargetFormat &format) { format.context = 1024; }, "another context");
  expectRefused([](TargetFormat &format) { format.k = 17; }, "k from 1 to the vocabulary's 16, found 17");
  std::string manifest = get(path() / "targets.json");
  put("store/targets.json", manifest.replace(manifest.find("16"), 2, "20"));
  EXPECT_ERROR(write(rows), "targets of another vocabulary: expected 16, found 20");
  EXPECT_ERROR(store(), "shard-00000.safetensors: expected a shard of this store");
}

// A store that was left while it was written is one with fewer shards; it ends in the same bytes.
TEST_F(TargetStoreTest, GoesOnWhereItStopped) {
  write(rows);
  auto before = fs::last_write_time(shard("0"));
  std::string first = get(shard("1")), second = get(shard("2"));
  fs::remove(shard("1"));
  put("store/shard-00002.safetensors", second.substr(0, second.size() / 2));
  EXPECT_ERROR(store(), "shard-00002.safetensors");
  fs::remove(shard("2"));
  store().check(rows.slice(0, 2)); // what is there can be read
  EXPECT_ERROR(store().check(rows), "no targets for row");
  put("store/shard-00002.safetensors", second.substr(0, second.size() / 2));
  write(rows);
  EXPECT_EQ(get(shard("1")), first);
  EXPECT_EQ(get(shard("2")), second);
  EXPECT_EQ(fs::last_write_time(shard("0")), before) << "a whole shard was written again";
}

// A bit that flipped anywhere in a shard is noticed when it is read, and its shard is made anew in the same bytes.
TEST_F(TargetStoreTest, NoticesFlippedBits) {
  write(rows);
  std::string whole = get(shard("1"));
  for (size_t part = 0; part < 16; ++part) {
    std::string flipped = whole;
    size_t at = part == 0 ? whole.size() - 1 : whole.size() * part / 16;
    flipped[at] = char(flipped[at] ^ 4);
    put("store/shard-00001.safetensors", flipped);
    EXPECT_ERROR(store().batch(rows), "shard-00001.safetensors");
    EXPECT_EQ(TargetStore::damagedShards(path()).size(), 1u) << at;
    write(rows);
    EXPECT_EQ(get(shard("1")), whole) << at;
  }
  EXPECT_TRUE(TargetStore::damagedShards(path()).empty());
}

TEST_F(TargetStoreTest, RefusesWhatIsNoStore) {
  EXPECT_ERROR(store(), "targets.json");
  auto expectRefused = [&](const char *manifest, const char *what) {
    put("store/targets.json", manifest);
    EXPECT_ERROR(store(), what);
  };
  expectRefused("[]", "expected an object");
  expectRefused(R"({"format": 1})", "'format': expected 2, found 1");
  expectRefused(R"({"format": 2, "vocabulary": 0})", "'vocabulary': expected an integer from 1");
  expectRefused(R"({"format": 2, "vocabulary": 16, "k": 17})", "'k': expected an integer from 1 to 16, found 17");
  expectRefused(R"({"format": 2, "vocabulary": 16, "k": 4, "context": 8, "look_back": 4, "logprobs": "BF16"})",
                "'logprobs': expected F16 or F32, found BF16");
  expectRefused(R"({"format": 2, "vocabulary": 16, "k": 4, "context": 8, "look_back": 4, "logprobs": "F16"})",
                "'teacher': expected a string, found nothing");
}

// Rows of 512: four of them at once, and as much before as a row has; no more than the teacher can read.
TEST_F(TargetStoreTest, LooksBackAsFarAsARow) {
  auto contextOf = [](int64_t length, int64_t most) {
    TargetFormat format;
    format.setContext(length, most);
    EXPECT_EQ(format.blockTokens(), std::min<int64_t>(128, format.lookBack));
    return std::pair(format.context, format.lookBack);
  };
  EXPECT_EQ(contextOf(512, 0), std::pair(int64_t(2048), int64_t(512)));
  EXPECT_EQ(contextOf(500, 131072), std::pair(int64_t(2048), int64_t(512)));
  EXPECT_EQ(contextOf(8000, 131072), std::pair(int64_t(16128), int64_t(8064)));
  EXPECT_EQ(contextOf(4096, 0), std::pair(int64_t(8192), int64_t(4096)));
  EXPECT_EQ(contextOf(2048, 2048), std::pair(int64_t(2048), int64_t(1024)));
  EXPECT_EQ(contextOf(64, 100), std::pair(int64_t(64), int64_t(32)));
}
