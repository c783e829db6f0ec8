//===- PayloadTest.cpp - the model behind an executable -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Payload.h"
#include "test/unit/Files/TestFolder.h"

#include <cstring>

using namespace xlstm;

namespace {

class PayloadTest : public test::TestFolder {
protected:
  /// A program of 5000 bytes and weights of `weightBytes`, in pieces that do not end with the blocks.
  std::string write(size_t weightBytes) {
    AtomicFile out(folder / "exe");
    PayloadWriter writer(out);
    std::string program(5000, 'p'), weights;
    for (size_t n = 0; n < weightBytes; ++n)
      weights += char(n * 31 >> 3);
    writer.addSection(section::Program, [&] {
      writer.write(std::as_bytes(std::span(program)));
      writer.pad(2 * payloadAlignment);
    });
    writer.addWeights([&] {
      for (size_t at = 0; at < weights.size(); at += 70001)
        writer.write(std::as_bytes(std::span(weights)).subspan(at, std::min<size_t>(70001, weights.size() - at)));
    });
    writer.addSection(section::Tokenizer, "tok");
    writer.addSection("of later", "unknown");
    writer.addSection(section::Metadata, "{}");
    writer.finish();
    out.commit();
    return get(folder / "exe");
  }
  std::optional<Payload> find(const std::string &bytes) {
    return Payload::find(MappedFile::open(put("copy", bytes)), "it");
  }
};

} // namespace

TEST_F(PayloadTest, FindsWhatWasWritten) {
  for (size_t bytes : {size_t{0}, size_t{100}, size_t(payloadBlock), size_t(payloadBlock * 2 + 1)}) {
    std::optional<Payload> payload = find(write(bytes));
    ASSERT_TRUE(payload);
    EXPECT_EQ(payload->bytesOf(section::Program).size(), 2 * payloadAlignment);
    EXPECT_EQ(payload->weightsOffset(), 2 * payloadAlignment);
    EXPECT_EQ(payload->bytesOf(section::Weights).size(), bytes);
    EXPECT_EQ(payload->numBlocks(), (bytes + payloadBlock - 1) / payloadBlock);
    EXPECT_EQ(payload->textOf(section::Tokenizer), "tok");
    EXPECT_EQ(payload->textOf(section::Metadata), "{}");
    EXPECT_EQ(payload->textOf("none"), "");
    EXPECT_TRUE(payload->isRecorded());
    payload->checkAll();
  }
}

TEST_F(PayloadTest, NoByteMayChange) {
  const std::string whole = write(3000);
  const size_t ends = whole.size() - 400; // what is behind the weights, the table and the footer: byte by byte
  for (size_t at = 0; at < whole.size(); at += at < ends ? 61 : 1) {
    std::string changed = whole;
    changed[at] ^= char(1 << at % 8);
    std::string error = test::errorOf([&] {
      if (std::optional<Payload> payload = find(changed))
        payload->checkAll();
      else
        throw Error("carries no model");
    });
    ASSERT_NE(error, "") << "byte " << at;
  }
  EXPECT_FALSE(find(whole.substr(0, whole.size() - 1)));
  EXPECT_ERROR(find(whole.substr(1)), "it is damaged: expected ");
}

TEST_F(PayloadTest, SaysWhichBlockOfTheWeightsDiffers) {
  std::string bytes = write(payloadBlock * 2 + 1);
  bytes[2 * payloadAlignment + payloadBlock + 7] ^= 4;
  std::optional<Payload> payload = find(bytes);
  payload->check(section::Program);
  payload->checkBlock(0);
  payload->checkBlock(2);
  EXPECT_ERROR(payload->checkBlock(1), "its weights differ from what was put in, in the MiB at byte 1048576");
  EXPECT_ERROR(payload->checkAll(), "in the MiB at byte 1048576");
}

/// Written byte by byte as version 1 was: parts with FNV-1a of 64-bit words, then the footer.
TEST_F(PayloadTest, ReadsVersionOne) {
  auto fnv = [](std::string text) {
    text.resize((text.size() + 7) / 8 * 8);
    uint64_t hash = 14695981039346656037u;
    for (size_t at = 0; at < text.size(); at += 8) {
      uint64_t word;
      std::memcpy(&word, text.data() + at, 8);
      hash = (hash ^ word) * 1099511628211u;
    }
    return hash;
  };
  auto number = [](uint64_t value) { return std::string(reinterpret_cast<const char *>(&value), 8); };
  std::string file(4096, 'p'), footer;
  for (std::string part : {"12345678", "tokenizer", "{}"}) {
    footer += number(file.size()) + number(part.size()) + number(fnv(part));
    file += part;
  }
  footer += number(file.size() + footer.size() + 32);
  footer += number(fnv(footer)) + std::string("xlstm model v1\n\0", 16);
  std::optional<Payload> payload = find(file + footer);
  ASSERT_TRUE(payload);
  EXPECT_FALSE(payload->isRecorded());
  EXPECT_EQ(payload->textOf(section::Tokenizer), "tokenizer");
  EXPECT_EQ(payload->weightsOffset(), 4096u);
  payload->checkAll();
  for (auto [at, what] : {std::pair(4097, "its weights differs"), {4105, "its tokenizer"}, {4115, "footer"}}) {
    std::string changed = file + footer;
    changed[at] ^= 1;
    EXPECT_ERROR(find(changed)->checkAll(), what);
  }
}
