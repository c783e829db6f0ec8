//===- BitsPerByteTest.cpp - against models worked by hand ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EvalTest.h"

#include "xlstm/Runtime/Eval/BitsPerByte.h"
#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>
#include <cmath>
#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

static std::vector<int64_t> row(const at::Tensor &tensor, int64_t r) {
  at::Tensor values = tensor.select(0, r).to(at::kLong).contiguous();
  return {values.data_ptr<int64_t>(), values.data_ptr<int64_t>() + values.numel()};
}

TEST(PackHeldOut, PiecesPredictEveryTokenButBosOnce) {
  // bos a b a b eos in pieces of 2: (bos a | b a | b), labels (a b | a b | eos); then bos b eos: (bos b), labels (b
  // eos).
  PackedText text = packHeldOut(letters(), {"abab", "b"}, 2, 0);
  EXPECT_EQ(text.tokens, 7);
  EXPECT_EQ(text.bytes, 5);
  ASSERT_EQ(text.ids_RT.size(0), 4);
  EXPECT_EQ(row(text.ids_RT, 0), (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(row(text.labels_RT, 0), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(row(text.ids_RT, 1), (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(row(text.labels_RT, 1), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(row(text.ids_RT, 2), (std::vector<int64_t>{0, 3}));
  EXPECT_EQ(row(text.labels_RT, 2), (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(row(text.labels_RT, 3), (std::vector<int64_t>{1, -1}));
  EXPECT_EQ(row(text.ids_RT, 3)[0], 3);
}

TEST(PackHeldOut, PiecesShareRowsAsDocumentsOfTheirOwn) {
  PackedText text = packHeldOut(letters(), {"ab", "a"}, 6, 0); // 3 and 2 inputs in a row of 6
  ASSERT_EQ(text.ids_RT.size(0), 1);
  EXPECT_EQ(row(text.ids_RT, 0), (std::vector<int64_t>{0, 2, 3, 0, 2, 0}));
  EXPECT_EQ(row(text.docs_RT, 0), (std::vector<int64_t>{0, 0, 0, 3, 3, 5}));
  EXPECT_EQ(row(text.labels_RT, 0), (std::vector<int64_t>{2, 3, 1, 2, 1, -1}));
}

TEST(PackHeldOut, LimitCutsTheLastDocumentAndItsBytes) {
  PackedText text = packHeldOut(letters(), {"ab", "a b a", "b"}, 8, 5); // a b eos, then a and the space
  EXPECT_EQ(text.tokens, 5);
  EXPECT_EQ(text.bytes, 4);
  PackedText whole = packHeldOut(letters(), {"ab", "a b a"}, 8, 9); // just fits: eos counts as a token, not as a byte
  EXPECT_EQ(whole.tokens, 9);
  EXPECT_EQ(whole.bytes, 7);
}

TEST(PackHeldOut, PredictsTheFirstTokenFromTheEndTokenWhereThereIsNoBos) {
  Vocabulary vocabulary = letters();
  vocabulary.bos = std::nullopt;
  PackedText text = packHeldOut(vocabulary, {"ab"}, 4, 0);
  EXPECT_EQ(row(text.ids_RT, 0), (std::vector<int64_t>{1, 2, 3, 0}));
  EXPECT_EQ(row(text.labels_RT, 0), (std::vector<int64_t>{2, 3, 1, -1}));
  EXPECT_EQ(text.bytes, 2);

  vocabulary.eos = {}; // nothing stands before a, so that it is not predicted, and nothing ends the text
  PackedText alone = packHeldOut(vocabulary, {"ab", "b"}, 4, 0);
  EXPECT_EQ(row(alone.ids_RT, 0), (std::vector<int64_t>{2, 0, 0, 0}));
  EXPECT_EQ(row(alone.labels_RT, 0), (std::vector<int64_t>{3, -1, -1, -1}));
  EXPECT_EQ(alone.bytes, 1);
  EXPECT_EQ(alone.tokens, 1);
}

TEST(PackHeldOut, OtherTextsHaveOtherHashes) {
  uint64_t hash = packHeldOut(letters(), {"ab", "a"}, 6, 0).hash();
  EXPECT_EQ(hash, packHeldOut(letters(), {"ab", "a"}, 6, 0).hash());
  EXPECT_NE(hash, packHeldOut(letters(), {"ab", "b"}, 6, 0).hash());
  EXPECT_NE(hash, packHeldOut(letters(), {"ab", "a"}, 7, 0).hash());
  EXPECT_NE(hash, packHeldOut(letters(), {"ab"}, 6, 0).hash());
}

TEST(PackHeldOut, RefusesPiecesWithoutTokens) { EXPECT_THROW(packHeldOut(letters(), {"a"}, 0, 0), Error); }

TEST(BitsPerByte, UniformModelNeedsLog2OfItsVocabularyAToken) {
  Bigram uniform = bigram(std::vector<std::vector<double>>(5, std::vector<double>(5, 3.5)));
  PackedText text = packHeldOut(letters(), {"abab", "b", "a a"}, 3, 0);
  ASSERT_EQ(text.tokens, 5 + 2 + 4);
  ASSERT_EQ(text.bytes, 4 + 1 + 3);
  double nats = sumOfNats(uniform.program, uniform.params, text);
  EXPECT_NEAR(bitsPerByte(nats, text.bytes), 11 * std::log2(5.0) / 8, 1e-6);
}

TEST(BitsPerByte, BigramModelByHand) {
  // exp(logits): behind bos a is as likely as the four others together, behind a always b (1/2) or eos (1/2), ...
  constexpr double never = -1e4;
  double ln2 = std::log(2.0), ln4 = std::log(4.0);
  Bigram model = bigram({{0, 0, ln4, 0, 0},             // bos: a 4/8
                         {0, 0, 0, 0, 0},               // eos
                         {never, 0, never, 0, never},   // a: eos 1/2, b 1/2
                         {never, never, ln2, 0, 0},     // b: a 2/4, b 1/4, space 1/4
                         {never, never, 0, 0, never}}); // space: a 1/2, b 1/2
  // bos a b a eos: 1/2 1/2 1/2 1/2 = 4 bits; bos b...: 1/8; b space 1/4; space a 1/2; a eos 1/2: 3 + 2 + 1 + 1 = 7
  // bits.
  for (int64_t pieceTokens : {1, 2, 3, 16}) {
    PackedText text = packHeldOut(letters(), {"aba", "b a"}, pieceTokens, 0);
    double nats = sumOfNats(model.program, model.params, text);
    EXPECT_NEAR(nats / ln2, 11, 1e-5) << "pieces of " << pieceTokens;
    EXPECT_NEAR(bitsPerByte(nats, text.bytes), 11.0 / 6, 1e-6);
  }
}

TEST(BitsPerByte, LogitsThatAreNotFiniteAreAnError) {
  Bigram model = bigram(std::vector<std::vector<double>>(5, std::vector<double>(5, NAN)));
  EXPECT_THROW(sumOfNats(model.program, model.params, packHeldOut(letters(), {"ab"}, 4, 0)), Error);
}

TEST(BitsPerByte, PackingChangesNothingForAStudent) {
  LoadedModel model = tinyStudent();
  Vocabulary vocabulary = tinyVocabulary();
  std::vector<std::string> documents = {"The first of the documents is the longest of them all.", "A short one.",
                                        "Two."};
  double apart = 0;
  for (const std::string &document : documents)
    apart += sumOfNats(model.forward, model.params, packHeldOut(vocabulary, {document}, 64, 0));
  EXPECT_NEAR(sumOfNats(model.forward, model.params, packHeldOut(vocabulary, documents, 64, 0)), apart, 1e-4 * apart);
}

TEST(Gates, MedianOfAConstantGateIsIt) {
  LoadedModel model = tinyStudent();
  for (auto &[name, tensor] : model.params)
    if (name.find("o_gate.weight") != name.npos)
      tensor.zero_();
    else if (name.find("o_gate.bias") != name.npos)
      tensor.copy_(at::tensor(std::vector<float>{-1, 0, 1, 2}));
  auto gates = medianGates(model.forward, model.params, {packHeldOut(tinyVocabulary(), {"Some words."}, 16, 0)});
  ASSERT_EQ(gates.size(), 4u);
  for (const auto &layer : gates) {
    ASSERT_EQ(layer.size(), 4u);
    for (int h = 0; h < 4; ++h)
      EXPECT_NEAR(layer[h], 1 / (1 + std::exp(-(h - 1.0))), 1e-6);
  }
}

TEST(Gates, ATeacherHasNone) {
  LoadedModel model = tinyTeacher();
  EXPECT_TRUE(medianGates(model.forward, model.params, {packHeldOut(tinyVocabulary(), {"Words."}, 16, 0)}).empty());
}

// Token 0 is a label like others; -1 is none.
TEST(BitsPerByte, TheFirstTokenIsPredictedToo) {
  std::vector<std::vector<double>> table(5, std::vector<double>(5, 0));
  table[2][0] = std::log(4.0); // behind a: token 0 with 4/8
  Bigram model = bigram(table);
  PackedText text;
  text.ids_RT = at::tensor({2, 2, 3}, at::kLong).view({1, 3});
  text.docs_RT = at::zeros({1, 3}, at::kInt);
  text.labels_RT = at::tensor({0, 1, -1}, at::kLong).view({1, 3});
  text.tokens = 2;
  EXPECT_NEAR(sumOfNats(model.program, model.params, text), std::log(2.0) + std::log(8.0), 1e-6);
}

// Of an even number of tokens the median is the mean of the two in the middle.
TEST(Gates, MedianOfAnEvenNumber) {
  LoadedModel model = tinyStudent();
  Vocabulary vocabulary = tinyVocabulary();
  for (int64_t limit : {4, 5}) {
    PackedText text = packHeldOut(vocabulary, {"Some words of a text."}, 16, limit);
    ASSERT_EQ(text.tokens, limit);
    struct Collector : EvalObserver {
      std::vector<double> gates;
      void onOutputGate(int64_t layer, const at::Tensor &o_BTH) override {
        for (int64_t t = 0; layer == 0 && t < o_BTH.size(1); ++t)
          gates.push_back(o_BTH[0][t][1].item<double>());
      }
    } collector;
    EvalOptions options;
    options.observer = &collector;
    at::Tensor ids = text.ids_RT.narrow(1, 0, limit).contiguous(), docs = text.docs_RT.narrow(1, 0, limit).contiguous();
    model.forward.run("model", {ids, docs}, model.params, options);
    std::sort(collector.gates.begin(), collector.gates.end());
    ASSERT_EQ(collector.gates.size(), size_t(limit));
    double want = limit == 4 ? (collector.gates[1] + collector.gates[2]) / 2 : collector.gates[2];
    EXPECT_NEAR(medianGates(model.forward, model.params, {text})[0][1], want, 1e-6) << limit;
  }
}
