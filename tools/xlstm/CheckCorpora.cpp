//===- CheckCorpora.cpp - splits that have nothing in common --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is held out is small: its documents' hashes are in memory while what is trained on is read past them.

#include "Preflight.h"

#include "xlstm/Runtime/Data/TokenCorpus.h"
#include "xlstm/Support/Error.h"

#include <unordered_map>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

struct HashOfHash {
  size_t operator()(const FileHash &hash) const { return size_t(hash.low); }
};

class SplitCheck {
public:
  void look(const CorpusFiles &files, const char *split) {
    uint64_t documents = 0;
    for (const fs::path &file : files) {
      addFile(file, split);
      size_t number = names.size();
      names.push_back({file.string(), split});
      uint32_t document = 0;
      forEachDocument(file, [&](const Document &found) {
        ++documents;
        add(found, {uint32_t(number), ++document});
        return true;
      });
    }
    if (documents == 0)
      fail(nameOf(files), ": holds no document");
  }

  void finish() const {
    if (common > 0)
      fail(first, "; ", common, common == 1 ? " document is" : " documents are",
           " in two splits: take them out of one");
  }

private:
  struct Place {
    uint32_t file, document;
  };
  struct Name {
    std::string file, split;
  };

  void addFile(const fs::path &file, const std::string &split) {
    std::error_code error;
    fs::path whole = fs::canonical(file, error);
    auto [found, isNew] = splits.emplace(error ? file : whole, split);
    if (!isNew && found->second != split)
      fail(file.string(), ": expected a file for ", found->second, " or for ", split, ", found it given for both");
  }

  void add(const Document &document, Place place) {
    const std::string &split = names[place.file].split;
    FileHash hash = document.hash();
    auto found = heldOut.find(hash);
    if (found == heldOut.end()) {
      if (split != "train")
        heldOut.emplace(hash, place);
      return;
    }
    const Name &other = names[found->second.file];
    if (other.split == split)
      return;
    if (common++ == 0)
      first = document.origin + " (" + split + "): expected one that no other split has, found it as document " +
              std::to_string(found->second.document) + " of " + other.file + " (" + other.split + ")";
  }

  std::map<fs::path, std::string> splits;
  std::vector<Name> names;
  std::unordered_map<FileHash, Place, HashOfHash> heldOut;
  uint64_t common = 0;
  std::string first;
};

} // namespace

void checkCorpora(const std::vector<RecipeDomain> &domains) {
  SplitCheck check;
  for (const RecipeDomain &domain : domains)
    if (!domain.test.empty())
      check.look(domain.test, "test");
  for (const RecipeDomain &domain : domains)
    check.look(domain.valid, "valid");
  for (const RecipeDomain &domain : domains)
    for (const RecipeSource &source : domain.train)
      check.look(source.files, "train");
  check.finish();
}

} // namespace xlstm
