//===- DocumentsTest.cpp - corpora: text, JSON lines, xz ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Documents.h"
#include "test/unit/Files/TestFolder.h"

#include <cstring>
#include <lzma.h>

using namespace xlstm;
using DocumentsTest = test::TestFolder;
using Texts = std::vector<std::string>;

static std::string compress(const std::string &text) {
  std::string out(text.size() + 1000, '\0');
  size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr, reinterpret_cast<const uint8_t *>(text.data()),
                                    text.size(), reinterpret_cast<uint8_t *>(out.data()), &size, out.size()),
            LZMA_OK);
  return out.substr(0, size);
}

TEST_F(DocumentsTest, SplitsTextAtSeparatorLines) {
  auto read = [&](const std::string &text) { return readDocuments(put("f.txt", text)); };
  EXPECT_EQ(read("a\nb\n<|eos|>\nc\n<|eos|>\n"), (Texts{"a\nb", "c"}));
  EXPECT_EQ(read("a\n<|eos|>\nb"), (Texts{"a", "b"}));
  EXPECT_EQ(read("a\n<|eos|>"), (Texts{"a"}));
  EXPECT_EQ(read("<|eos|>\n\n<|eos|>\na\n\n"), (Texts{"a\n"}));
  EXPECT_EQ(read("a <|eos|>\n<|eos|> b\n <|eos|>"), (Texts{"a <|eos|>\n<|eos|> b\n <|eos|>"}));
  EXPECT_EQ(read(""), Texts{});
}

TEST_F(DocumentsTest, ReadsJsonLines) {
  auto read = [&](const std::string &text) { return readDocuments(put("f.jsonl", text)); };
  EXPECT_EQ(read("{\"text\": \"a\\nb\", \"id\": 1}\n\n{\"text\": \"\"}\n{\"text\": \"é\"}"), (Texts{"a\nb", "é"}));
  EXPECT_ERROR(read("{\"text\": \"a\"}\n{\"txt\": 1}"), "f.jsonl: line 2: expected an object with a string 'text'");
  EXPECT_ERROR(read("{\"text\": \"a\"}\n{\"text\": 1}"), "line 2: expected");
  EXPECT_ERROR(read("[]"), "line 1: expected");
  EXPECT_ERROR(read("\n{"), "f.jsonl: line 2:1:2: ");
}

TEST_F(DocumentsTest, ReadsWhatEverySystemWrites) {
  const Texts expected = {"a\nb", "é\n"};
  const std::string text = "a\nb\n<|eos|>\né\n\n<|eos|>\n", lines = "{\"text\": \"a\\nb\"}\n\n{\"text\": \"é\\n\"}\n";
  auto endingIn = [](std::string text, const char *end) {
    for (size_t at = 0; (at = text.find('\n', at)) != text.npos; at += std::strlen(end))
      text.replace(at, 1, end);
    return text;
  };
  for (const char *mark : {"", "\xEF\xBB\xBF"})
    for (const char *end : {"\n", "\r\n", "\r"}) {
      EXPECT_EQ(readDocuments(put("f.txt", mark + endingIn(text, end))), expected);
      EXPECT_EQ(readDocuments(put("f.jsonl", mark + endingIn(lines, end))), expected);
      EXPECT_EQ(readDocuments(put("f.txt.xz", compress(mark + endingIn(text, end)))), expected);
    }
  // Line ends that a string of JSON has, and a mark that is not the first character, belong to the text.
  EXPECT_EQ(readDocuments(put("f.jsonl", R"({"text": "a\r\nb\uFEFF"})")), (Texts{"a\r\nb\xEF\xBB\xBF"}));
  EXPECT_EQ(readDocuments(put("f.txt", "a\xEF\xBB\xBF\r\r\nb\r")), (Texts{"a\xEF\xBB\xBF\n\nb"}));
  EXPECT_EQ(readDocuments(put("f.txt", "\xEF\xBB\xBF")), Texts{});
}

TEST_F(DocumentsTest, ReadsXz) {
  std::string text(3'000'000, 'x');
  put("f.txt.xz", compress(text + "\n<|eos|>\nb\n"));
  EXPECT_EQ(readDocuments(folder / "f.txt.xz"), (Texts{text, "b"}));
  put("f.jsonl.xz", compress("{\"text\": \"a\"}\n") + compress("{\"text\": \"b\"}\n"));
  EXPECT_EQ(readDocuments(folder / "f.jsonl.xz"), (Texts{"a", "b"}));
}

TEST_F(DocumentsTest, RefusesDamagedXz) {
  std::string good = compress("some text\n");
  auto path = folder / "f.txt.xz";
  auto read = [&](const std::string &bytes) { return readDocuments(put("f.txt.xz", bytes)); };
  EXPECT_ERROR(read("plain text, and enough of it"), path.string() + ": is not an xz file");
  EXPECT_ERROR(read(""), "is cut");
  for (size_t size = 1; size < good.size(); ++size)
    EXPECT_ERROR(read(good.substr(0, size)), ": is ");
  std::string broken = good;
  broken[good.size() / 2] ^= 1;
  EXPECT_ERROR(read(broken), "is a corrupt xz file");
}

TEST_F(DocumentsTest, KeepsToTheLimits) {
  std::string hundred(100, 'x');
  CorpusLimits limits{.document = 100, .memory = 1000, .expansion = 1000};
  EXPECT_EQ(readDocuments(put("f.txt", hundred), limits), Texts{hundred});
  EXPECT_ERROR(readDocuments(put("f.txt", "a\n" + hundred + "x"), limits),
               "f.txt: line 2: expected at most 100 bytes, found more");
  EXPECT_ERROR(readDocuments(put("f.txt", "a\n" + hundred), limits),
               "f.txt: line 2: expected documents of at most 100 bytes (a line <|eos|> ends one), found a longer one");
  EXPECT_ERROR(readDocuments(put("f.jsonl", "{\"text\": \"" + hundred + "\"}"), limits),
               "f.jsonl: line 1: expected at");
  std::string many;
  for (int n = 0; n < 40; ++n) // short ones take more than their bytes
    many += "a\n<|eos|>\n";
  EXPECT_ERROR(readDocuments(put("f.txt", many), limits), "f.txt: expected documents of at most 1000 bytes together");
}

TEST_F(DocumentsTest, RefusesXzThatGrowsWithoutEnd) {
  CorpusLimits limits{.document = 100'000, .expansion = 50};
  put("f.txt.xz", compress(std::string(100'000, 'x')));
  EXPECT_EQ(readDocuments(folder / "f.txt.xz", limits).at(0).size(), 100'000u);
  std::string lines;
  for (int n = 0; n < 200'000; ++n)
    lines += "a\n<|eos|>\n";
  put("f.txt.xz", compress(lines));
  EXPECT_ERROR(readDocuments(folder / "f.txt.xz", limits), "f.txt.xz: expected a file that grows at most 50 times");
}

TEST_F(DocumentsTest, StopsWhereItIsTold) {
  Texts seen;
  auto take = [&](const std::string &document) {
    seen.push_back(document);
    return seen.size() < 2;
  };
  forEachDocument(put("f.jsonl", "{\"text\": \"a\"}\n{\"text\": \"b\"}\nnot read"), take);
  EXPECT_EQ(seen, (Texts{"a", "b"}));
}

TEST_F(DocumentsTest, SaysWhatItCannotRead) {
  EXPECT_ERROR(readDocuments(folder / "none.txt"), "none.txt: cannot open");
  EXPECT_ERROR(readDocuments(put("f.csv", "a")), "expected a file that ends in .txt, .jsonl");
  EXPECT_ERROR(readDocuments(put("f.txt", "ab\xffz")), "f.txt: invalid UTF-8 at byte 2");
  EXPECT_ERROR(readDocuments(put("f.txt", std::string("\xff\xfe"
                                                      "a\0",
                                                      4))),
               "at byte 0; it begins as UTF-16 does");
}
