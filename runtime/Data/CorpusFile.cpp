//===- CorpusFile.cpp - a corpus file and what one look at it told --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/CorpusFile.h"

#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

CorpusFile CorpusFile::read(const std::filesystem::path &path) {
  CorpusFile corpus;
  corpus.file = path;
  forEachDocument(path, [&](const std::string &document) {
    corpus.bytes.push_back(uint32_t(document.size()));
    return true;
  });
  if (corpus.bytes.empty())
    fail(path.string(), ": holds no document");
  return corpus;
}

std::vector<std::string> CorpusFile::take(std::span<const uint32_t> numbers) const {
  const auto count = uint32_t(numbers.size());
  std::vector<uint32_t> places(bytes.size(), count); // where a document goes; `count`: nowhere
  for (uint32_t i = 0; i < count; ++i)
    places[numbers[i]] = i;
  std::vector<std::string> documents(count);
  uint32_t number = 0, taken = 0;
  forEachDocument(file, [&](std::string &document) {
    if (number == bytes.size() || document.size() != bytes[number])
      fail(file.string(), ": document ", number + 1,
           ": expected the one that was there at first, found another: the file was changed meanwhile");
    if (uint32_t place = places[number++]; place < count) {
      documents[place] = std::move(document);
      ++taken;
    }
    return taken < count;
  });
  if (taken < count)
    fail(file.string(), ": expected ", bytes.size(), " documents as at first, found ", number,
         ": the file was changed meanwhile");
  return documents;
}

} // namespace xlstm
