//===- DocumentsTest.cpp - corpora: text, JSON lines, codecs --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Documents.h"
#include "test/unit/Files/TestFolder.h"
#include "xlstm/Runtime/Files/Safetensors.h"

#include <cstring>
#include <lzma.h>
#include <set>
#include <zlib.h>
#include <zstd.h>

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

static std::string gzip(const std::string &text) {
  std::string out(text.size() + 1000, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data())), stream.avail_in = uInt(text.size());
  stream.next_out = reinterpret_cast<Bytef *>(out.data()), stream.avail_out = uInt(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

static std::string zstd(const std::string &text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx *context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

/// What the libraries' own encoders write, by the ending and the word that errors have for it.
static const struct {
  const char *ending, *word;
  std::string (*encode)(const std::string &);
} codecs[] = {{".xz", "xz", compress}, {".gz", "gzip", gzip}, {".zst", "zstd", zstd}};

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
  EXPECT_ERROR(read("{\"text\": \"a\"}\n{\"txt\": 1}"),
               "f.jsonl: line 2: expected an object with a string 'text', or a list 'messages'");
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
      for (const auto &codec : codecs) {
        EXPECT_EQ(readDocuments(put(std::string("f.txt") + codec.ending, codec.encode(mark + endingIn(text, end)))),
                  expected);
        EXPECT_EQ(readDocuments(put(std::string("f.jsonl") + codec.ending, codec.encode(mark + endingIn(lines, end)))),
                  expected);
      }
    }
  // Line ends that a string of JSON has, and a mark that is not the first character, belong to the text.
  EXPECT_EQ(readDocuments(put("f.jsonl", R"({"text": "a\r\nb\uFEFF"})")), (Texts{"a\r\nb\xEF\xBB\xBF"}));
  EXPECT_EQ(readDocuments(put("f.txt", "a\xEF\xBB\xBF\r\r\nb\r")), (Texts{"a\xEF\xBB\xBF\n\nb"}));
  EXPECT_EQ(readDocuments(put("f.txt", "\xEF\xBB\xBF")), Texts{});
}

TEST_F(DocumentsTest, ReadsWhatIsCompressed) {
  std::string text(3'000'000, 'x');
  for (int n = 0; n < 2'000'000; ++n) // some of it larger than a buffer when compressed, too
    text[size_t(n)] = char('a' + n * 7919LL * n % 26);
  for (const auto &[ending, word, encode] : codecs) {
    std::string txt = std::string("f.txt") + ending, jsonl = std::string("f.jsonl") + ending;
    put(txt, encode(text + "\n<|eos|>\nb\n"));
    EXPECT_EQ(readDocuments(folder / txt), (Texts{text, "b"}));
    put(jsonl, encode("{\"text\": \"a\"}\n") + encode("{\"text\": \"b\"}\n"));
    EXPECT_EQ(readDocuments(folder / jsonl), (Texts{"a", "b"}));
    EXPECT_ERROR(readDocuments(put(txt, encode("ab\xffz"))), txt + ": invalid UTF-8 at byte 2");
  }
}

TEST_F(DocumentsTest, RefusesDamagedCompression) {
  for (const auto &[ending, word, encode] : codecs) {
    std::string good = encode("some text, and more of some text\n"), name = std::string("f.txt") + ending;
    auto read = [&](const std::string &bytes) { return readDocuments(put(name, bytes)); };
    EXPECT_ERROR(read("plain text, and enough of it"), name + ": is not a");
    EXPECT_ERROR(read(""), "is cut");
    for (size_t size = 1; size < good.size(); ++size)
      EXPECT_ERROR(read(good.substr(0, size)), name + ": is cut");
    EXPECT_ERROR(read(good + "and more"), name + ": is ");
    std::string broken = good;
    broken[good.size() - 6] ^= 1; // of a checksum
    EXPECT_ERROR(read(broken), std::string("is a corrupt ") + word + " file");
  }
}

/// Numbers of documents whose places PyPI xxhash gives: (xxh3_128_intdigest(b"t" + text) >> 75) / 2**53.
TEST_F(DocumentsTest, ArePartedByTheirContent) {
  std::string text, lines;
  for (int n = 0; n < 100; ++n)
    (n % 2 ? text += std::to_string(n) + "\n<|eos|>\n"
           : lines += "{\"text\": \"" + std::to_string(n) + "\", \"weight\": 2}\n");
  std::filesystem::path even = put("even.jsonl", lines), odd = put("odd.txt", text), again = put("again.txt", text);
  auto in = [](const CorpusFiles &files) {
    std::multiset<int> numbers;
    forEachDocument(files, [&](const Document &document) {
      numbers.insert(std::stoi(document.text));
      return true;
    });
    return numbers;
  };
  EXPECT_EQ(in({{odd, even}, {0, 0.05}}), (std::multiset<int>{9, 34, 42, 66, 86, 94}));
  EXPECT_EQ(in({{even, odd}, {0.9, 1}}), (std::multiset<int>{4, 13, 25, 30, 35, 43, 45, 48, 64, 67, 88}));
  EXPECT_EQ(in({{even, odd}, {0.05, 0.9}}).size(), 83u);
  EXPECT_EQ(in({{even, odd}}).size(), 100u);
  EXPECT_EQ(in({{odd, again}, {0, 0.05}}), (std::multiset<int>{9, 9})); // all copies on one side

  Document chat, tokens;
  chat.chat = R"({"messages":[{"role":"assistant","content":"a"}]})";
  tokens.ids = {1, 7, 9};
  EXPECT_TRUE((DocumentPart{0.31302, 0.31303}.has(chat)));
  EXPECT_TRUE((DocumentPart{0.61894, 0.61895}.has(tokens)));
  EXPECT_EQ(in(findCorpus(odd.string() + "@0-5%")), std::multiset<int>{9});
  CorpusFiles trained = findCorpus(odd.string() + "@5-90%"); // the very numbers of a recipe's shares
  EXPECT_EQ(trained.part.begin, 5.0 / 100);
  EXPECT_EQ(trained.part.end, (100 - 10.0) / 100);
  put("all@0-5%.txt", "a");
  EXPECT_TRUE(findCorpus((folder / "all@0-5%.txt").string()).part.isWhole());
  EXPECT_ERROR(findCorpus(odd.string() + "@5-101%"), "5-101%: expected a part of all documents such as 2-98%");

  EXPECT_TRUE((DocumentPart{0, 0.5}.meets({0.4, 1})));
  EXPECT_FALSE((DocumentPart{0, 0.5}.meets({0.5, 1})));
}

TEST_F(DocumentsTest, StopInWhicheverFileTheyAreTold) {
  std::filesystem::path file = put("f.txt", "a\n<|eos|>\nb");
  int seen = 0;
  forEachDocument(CorpusFiles({file, file, file}), [&](const Document &) { return ++seen < 3; });
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(nameOf({{"a.txt", "b.txt"}, {0.98, 1}}), "a.txt and 1 more (2% of its documents)");
  EXPECT_EQ(nameOf({{"a.txt"}, {0.025, 1}}), "a.txt (97.5% of its documents)");
}

TEST_F(DocumentsTest, ReadsConversationsAndWeights) {
  std::vector<Document> found;
  forEachDocument(put("f.jsonl", R"({"text": "a"}
{"text": "b", "weight": 2.5}
{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "tools": [{"x": 1}], "weight": 0}
{"messages": [{"role": "assistant", "content": "a"}], "tools": null}
)"),
                  [&](Document &document) {
                    found.push_back(document);
                    return true;
                  });
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].weight, 1);
  EXPECT_EQ(found[1].weight, 2.5);
  EXPECT_EQ(found[1].text, "b");
  EXPECT_EQ(found[2].weight, 0);
  EXPECT_EQ(found[2].chat,
            R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"tools":[{"x":1}]})");
  EXPECT_EQ(found[3].chat, R"({"messages":[{"role":"assistant","content":"a"}]})");
  EXPECT_EQ(found[3].origin, (folder / "f.jsonl").string() + ": document 4");
  EXPECT_NE(found[0].hash(), found[1].hash());
  found[1].text = "a"; // the weight is no part of what it is
  EXPECT_EQ(found[0].hash(), found[1].hash());

  auto read = [&](const std::string &line) { return readDocuments(put("f.jsonl", line)); };
  EXPECT_ERROR(read(R"({"text": "a", "messages": []})"),
               "line 1: expected an object with a string 'text', or a list 'messages' or 'input_ids', found several");
  EXPECT_ERROR(read(R"({"text": "a", "weight": -1})"), "line 1: 'weight': expected a number from 0 to 1e+06, found -1");
  EXPECT_ERROR(read(R"({"text": "a", "weight": "1"})"), "line 1: 'weight': expected a number");
  EXPECT_ERROR(read(R"({"messages": {}})"), "line 1: 'messages': expected a list, found object");
  EXPECT_ERROR(read(R"({"messages": []})"), "expected one of the role 'assistant'");
  EXPECT_ERROR(read(R"({"messages": [{"role": "user", "content": "a"}]})"), "expected one of the role 'assistant'");
  EXPECT_ERROR(read(R"({"messages": [{"content": "a"}]})"),
               "line 1: message 1: expected an object with a string 'role'");
  EXPECT_ERROR(read(R"({"messages": [{"role": "assistant", "content": "a", "weight": null}]})"), "message 1: 'weight'");
  EXPECT_ERROR(read(R"({"messages": [{"role": "assistant", "content": "a"}]})"),
               "document 1: expected a text, found a conversation");
}

TEST_F(DocumentsTest, FindsTheFilesThatAPathMeans) {
  for (const char *name :
       {"d/b.txt", "d/a.jsonl.zst", "d/e/c.txt.gz", "d/README.md", "d/.hidden.txt", "d/.git/x.txt", "d/[1].txt"})
    put(name, "x");
  std::filesystem::create_directories(folder / "d/f.txt");
  auto found = [&](const std::string &path) {
    Texts names;
    for (const auto &file : findCorpusFiles(folder / path))
      names.push_back(file.lexically_relative(folder / "d").string());
    return names;
  };
  EXPECT_EQ(found("d"), (Texts{"[1].txt", "a.jsonl.zst", "b.txt", "e/c.txt.gz"}));
  EXPECT_EQ(found("d/*/*.txt.gz"), (Texts{"e/c.txt.gz"}));
  EXPECT_EQ(found("d/[ab].*"), (Texts{"a.jsonl.zst", "b.txt"}));
  EXPECT_EQ(found("d/[1].txt"), (Texts{"[1].txt"}));    // a file of that very name
  EXPECT_EQ(found("none.txt"), (Texts{"../none.txt"})); // whoever opens it says so
  EXPECT_ERROR(found("d/*.parquet"), "d/*.parquet, found none");
  std::filesystem::create_directories(folder / "empty");
  EXPECT_ERROR(found("empty"), "empty: expected .txt or .jsonl files in the folder, also compressed, .parquet or shards");
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

TEST_F(DocumentsTest, RefusesWhatGrowsWithoutEnd) {
  CorpusLimits limits{.document = 100'000, .expansion = 50};
  std::string lines;
  for (int n = 0; n < 200'000; ++n)
    lines += "a\n<|eos|>\n";
  for (const auto &[ending, word, encode] : codecs) {
    std::string name = std::string("f.txt") + ending;
    put(name, encode(std::string(100'000, 'x')));
    EXPECT_EQ(readDocuments(folder / name, limits).at(0).size(), 100'000u);
    put(name, encode(lines));
    EXPECT_ERROR(readDocuments(folder / name, limits), name + ": expected a file that grows at most 50 times");
  }
}

TEST_F(DocumentsTest, StopsWhereItIsTold) {
  Texts seen;
  auto take = [&](const Document &document) {
    seen.push_back(document.text);
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

// Tokens as transformers' trainers take them, and as a shard of a run has them.
TEST_F(DocumentsTest, ReadsTokens) {
  std::vector<Document> found;
  auto take = [&](Document &document) {
    found.push_back(document);
    return true;
  };
  forEachDocument(put("f.jsonl", R"({"input_ids": [1, 7, 9], "labels": [-100, 7, 9], "weight": 2}
{"input_ids": [3]})"),
                  take);
  std::vector<int32_t> ids = {1, 2, 3, 4, 5};
  std::vector<int64_t> ends = {2, 5};
  SafetensorsWriter writer(folder / "s.safetensors", {{"ends", DType::I64, {2}}, {"ids", DType::I32, {5}}});
  writer.append(std::as_bytes(std::span(ends)));
  writer.append(std::as_bytes(std::span(ids)));
  writer.commit();
  forEachDocument(folder / "s.safetensors", take);
  ASSERT_EQ(found.size(), 4u);
  for (const auto &[ending, name, pack] : codecs) // the same shard, packed
    forEachDocument(put(std::string("s.safetensors") + ending, pack(get(folder / "s.safetensors"))), take);
  ASSERT_EQ(found.size(), 10u);
  EXPECT_EQ(found[9].ids, (std::vector<int32_t>{3, 4, 5}));
  EXPECT_ERROR(forEachDocument(put("p.safetensors.gz", gzip("no shard")), take), "p.safetensors.gz: expected");
  EXPECT_EQ(found[0].ids, (std::vector<int32_t>{1, 7, 9}));
  EXPECT_EQ(found[0].learned, (std::vector<uint8_t>{0, 1, 1}));
  EXPECT_EQ(found[0].weight, 2);
  EXPECT_TRUE(found[1].learned.empty());
  EXPECT_EQ(found[3].ids, (std::vector<int32_t>{3, 4, 5}));
  EXPECT_NE(found[0].hash(), found[1].hash());
  auto read = [&](const std::string &line) { forEachDocument(put("f.jsonl", line), take); };
  EXPECT_ERROR(read(R"({"input_ids": [1, -1]})"), "line 1: 'input_ids': expected ids from 0 on, found -1");
  EXPECT_ERROR(read(R"({"input_ids": [1], "labels": []})"), "'labels': expected a list of 1 numbers, found 0 of them");
  EXPECT_ERROR(read(R"({"input_ids": "a"})"), "'input_ids': expected a list");
  SafetensorsWriter other(folder / "o.safetensors", {{"ids", DType::I32, {5}}});
  other.append(std::as_bytes(std::span(ids)));
  other.commit();
  EXPECT_ERROR(forEachDocument(folder / "o.safetensors", take), "expected a shard of tokens: a tensor 'ends' I64 [n]");
}
